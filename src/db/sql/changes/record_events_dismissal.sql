-- Records that an operator dismisses the deliveries that `changes/dismiss_events` ends, where there are any.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id, detail)
SELECT :action_id, 'events.dismiss', 'events', :reason, :actor, :now, :trace,
       json_object('since', :since_id, 'source', :source, 'state', :state, 'error', :error, 'dismissed', count(*))
FROM (
  SELECT id, stuck_at AS turn FROM webhook_events
  WHERE stuck_at > 0 AND next_attempt_at IS NULL AND coalesce(:state, 'needs_seller') = 'needs_seller'
    AND error IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
    AND (:error IS NULL OR instr(error, :error) > 0)
  UNION ALL
  SELECT id, next_attempt_at FROM webhook_events
  WHERE next_attempt_at > 0 AND coalesce(:state, 'in_progress') = 'in_progress'
    AND error IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
    AND (:error IS NULL OR instr(error, :error) > 0)
  ORDER BY turn LIMIT :count
) found
WHERE true HAVING count(*) > 0
ON CONFLICT (id) DO NOTHING
