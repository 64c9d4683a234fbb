-- Gives licenses what they open by now, and with which permission: a list of [license key, repository, permission].
INSERT INTO entitlements (license_key, repo, permission)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(:opened)
WHERE EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
ON CONFLICT (license_key, repo) DO UPDATE SET permission = excluded.permission
