-- Notes that the account that a license is bound to was signed in with, for one that was bound by less.
UPDATE license_activations SET proof = 'signed_in'
WHERE license_key = :key AND github_user_id = :user_id AND proof <> 'signed_in'
