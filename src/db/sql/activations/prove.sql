-- Notes how it is known whose the account is that a license is bound to, where that was known by something else.
UPDATE license_activations SET proof = :proof
WHERE license_key = :key AND github_user_id = :user_id AND proof <> :proof
