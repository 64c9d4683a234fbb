-- Notes the login that an account has by now, wherever a license is bound to it. What was erased stays so.
UPDATE license_activations SET github_username = :login
WHERE github_user_id = :user_id AND github_username <> 'erased'
