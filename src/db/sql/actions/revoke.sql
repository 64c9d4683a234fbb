-- Revokes a license by the operator's word. Its status is recomputed after.
UPDATE licenses SET revoked_by_operator = 1
WHERE license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
