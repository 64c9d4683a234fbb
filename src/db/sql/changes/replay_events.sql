-- Makes deliveries due that are not processed, meet the filters and are not due already: what waits for a person, the longest
-- waiting first, then what is tried again by itself, in its turn. The two come from their indexes in that order and are
-- merged, so nothing is sorted. That what is due is left out lets one call go on where the last one ended.
UPDATE webhook_events SET attempts = 0, next_attempt_at = :now, stuck_at = NULL
WHERE id IN (SELECT id FROM (
  SELECT id, stuck_at AS turn FROM webhook_events
  WHERE stuck_at > 0 AND next_attempt_at IS NULL AND coalesce(:state, 'needs_seller') = 'needs_seller'
    AND payload IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
    AND (:error IS NULL OR instr(error, :error) > 0)
  UNION ALL
  SELECT id, next_attempt_at FROM webhook_events
  WHERE next_attempt_at > :now AND coalesce(:state, 'in_progress') = 'in_progress'
    AND payload IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
    AND (:error IS NULL OR instr(error, :error) > 0)
  ORDER BY turn LIMIT :count
))
RETURNING id
