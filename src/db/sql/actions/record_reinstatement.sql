-- Records that an operator reinstates a license, where that is a change.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'license.reinstate', l.license_key, :reason, :actor, :now, :trace FROM licenses l
WHERE l.license_key = :key AND l.status <> 'active'
ON CONFLICT (id) DO NOTHING
