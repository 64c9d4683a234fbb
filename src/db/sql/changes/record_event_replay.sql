-- Records that an operator has a delivery processed again: one that is not processed or was dismissed, and whose payload is
-- there.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'event.replay', e.id, :reason, :actor, :now, :trace FROM webhook_events e
WHERE e.id = :id AND (e.processed = 0 OR e.reason = 'dismissed') AND e.payload IS NOT NULL
ON CONFLICT (id) DO NOTHING
