-- How many deliveries one replay, and one dismissal, with these filters would take: what `changes/replay_events` and
-- `changes/dismiss_events` look for, counted up to :count.
SELECT
  (SELECT count(*) FROM (
     SELECT id FROM webhook_events
     WHERE stuck_at > 0 AND next_attempt_at IS NULL AND coalesce(:state, 'needs_seller') = 'needs_seller'
       AND payload IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
       AND (:error IS NULL OR instr(error, :error) > 0)
     UNION ALL
     SELECT id FROM webhook_events
     WHERE next_attempt_at > :now AND coalesce(:state, 'in_progress') = 'in_progress'
       AND payload IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
       AND (:error IS NULL OR instr(error, :error) > 0)
     LIMIT :count)) AS replays,
  (SELECT count(*) FROM (
     SELECT id FROM webhook_events
     WHERE stuck_at > 0 AND next_attempt_at IS NULL AND coalesce(:state, 'needs_seller') = 'needs_seller'
       AND error IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
       AND (:error IS NULL OR instr(error, :error) > 0)
     UNION ALL
     SELECT id FROM webhook_events
     WHERE next_attempt_at > 0 AND coalesce(:state, 'in_progress') = 'in_progress'
       AND error IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
       AND (:error IS NULL OR instr(error, :error) > 0)
     LIMIT :count)) AS dismissals
