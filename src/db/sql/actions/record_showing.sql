-- Records that an operator looks at a whole key.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'license.show_key', l.license_key, :reason, :actor, :now, :trace FROM licenses l
WHERE l.license_key = :key
ON CONFLICT (id) DO NOTHING
