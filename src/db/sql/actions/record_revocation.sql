-- Records that an operator revokes a license, where that is a change. What follows happens only where this row is.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'license.revoke', l.license_key, :reason, :actor, :now, :trace FROM licenses l
WHERE l.license_key = :key AND l.revoked_by_operator = 0
ON CONFLICT (id) DO NOTHING
