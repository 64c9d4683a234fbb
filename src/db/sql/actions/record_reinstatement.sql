-- Records that an operator reinstates a license, where that is a change. One whose account was erased lets nobody in again.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'license.reinstate', l.license_key, :reason, :actor, :now, :trace FROM licenses l
WHERE l.license_key = :key AND l.status <> 'active'
  AND NOT EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = :key AND a.github_username = 'erased')
ON CONFLICT (id) DO NOTHING
