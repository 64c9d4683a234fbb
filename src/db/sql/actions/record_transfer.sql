-- Records that an operator binds a good license to another account. To the same account under the login that it has by now is
-- a change as well.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id, detail)
SELECT :action_id, 'license.transfer', l.license_key, :reason, :actor, :now, :trace,
       json_object('from', a.github_user_id, 'from_username', a.github_username,
                   'to', CAST(:user_id AS INTEGER), 'to_username', :login)
FROM licenses l JOIN license_activations a ON a.license_key = l.license_key
WHERE l.license_key = :key AND l.status = 'active'
  AND (a.github_user_id <> :user_id OR a.github_username <> :login COLLATE NOCASE)
ON CONFLICT (id) DO NOTHING
