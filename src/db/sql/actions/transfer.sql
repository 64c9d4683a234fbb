-- Binds a license to another account.
UPDATE license_activations SET github_user_id = :user_id, github_username = :login
WHERE license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
