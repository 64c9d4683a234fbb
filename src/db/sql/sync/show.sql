-- Has buyers be shown what their licenses open by now.
UPDATE license_activations SET repos = shown
FROM (SELECT value ->> '$.license_key' AS shown_key, value -> '$.repos' AS shown FROM json_each(:changed))
WHERE license_key = shown_key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
