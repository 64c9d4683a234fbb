-- Records that an operator retries or cancels a row of the outbox: one that is due or given up. At one that is leased,
-- somebody is right now.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, :action, 'outbox/' || o.id, :reason, :actor, :now, :trace FROM outbox o
WHERE o.id = :id AND o.state IN ('due', 'dead')
ON CONFLICT (id) DO NOTHING
