-- Records that an operator takes from an account what it could do in a repository before a license let it in, where it has that and nobody
-- is at it.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, detail, trace_id)
SELECT :action_id, 'grants.forget_earlier', 'grants/' || g.id, :reason, :actor, :now, json_object('earlier', g.earlier), :trace
FROM grants g
WHERE g.id = :grant_id AND g.earlier IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = g.id AND o.state = 'leased' AND o.next_attempt_at > :now)
ON CONFLICT (id) DO NOTHING
