-- Binds a good license that is not bound yet. The primary key lets one identity win, and the license must still be good at
-- this very moment. Gives a row when this statement did it.
INSERT INTO license_activations (license_key, github_username, github_user_id, repos, chosen, proof, activated_at,
                                 trace_id)
SELECT l.license_key, :login, :user_id, :repos, :chosen, :proof, :now, :trace FROM good_licenses l
WHERE l.license_key = :key AND l.good_until > :now AND l.test <= :allow_test
ON CONFLICT (license_key) DO NOTHING
RETURNING license_key
