-- Records that an operator retries or cancels a row of the outbox: one that is due or given up, or to be retried, an invitation
-- that is gone. At one that is leased, somebody is right now.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, :action, 'outbox/' || o.id, :reason, :actor, :now, :trace FROM outbox o
WHERE o.id = :id
  AND (o.state IN ('due', 'dead')
       OR :action = 'outbox.retry' AND o.state = 'done' AND o.kind = 'grant'
          AND EXISTS (SELECT 1 FROM grants g
                      WHERE g.id = o.subject AND g.state IN ('expired', 'declined', 'removed_by_hand')))
ON CONFLICT (id) DO NOTHING
