-- Records that an operator dismisses a delivery: one that is not processed.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'event.dismiss', e.id, :reason, :actor, :now, :trace FROM webhook_events e
WHERE e.id = :id AND e.processed = 0
ON CONFLICT (id) DO NOTHING
