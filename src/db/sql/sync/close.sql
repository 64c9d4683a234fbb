-- Takes from licenses what they do not open any more: a list of [license key, repository].
DELETE FROM entitlements
WHERE (license_key, repo) IN (SELECT value ->> 0, value ->> 1 FROM json_each(:closed))
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
