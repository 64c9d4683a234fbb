-- Records that an operator has repositories compared, where there are any to be.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'drift.check', coalesce(:repo, 'drift'), :reason, :actor, :now, :trace
WHERE EXISTS (SELECT 1 FROM repository_watches WHERE compare_at IS NOT NULL AND (:repo IS NULL OR repo = :repo))
ON CONFLICT (id) DO NOTHING
