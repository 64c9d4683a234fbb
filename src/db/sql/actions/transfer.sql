-- Binds a license to another account. What was given at the checkout was the one before, so that nobody corrects this one.
UPDATE license_activations SET github_user_id = :user_id, github_username = :login, proof = 'typed'
WHERE license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
