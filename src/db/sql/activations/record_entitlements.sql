-- Records what a license opens that is bound to this identity. What was fixed when it was bound stays.
INSERT INTO entitlements (license_key, repo, permission)
SELECT a.license_key, repo.value, :permission
FROM license_activations a, json_each(a.repos) repo
WHERE a.license_key = :key AND a.github_user_id = :user_id
ON CONFLICT (license_key, repo) DO NOTHING
