-- Corrects whom a license belongs to, and those of its order that have the same address.
UPDATE licenses SET email = :to
FROM licenses k
WHERE k.license_key = :key AND licenses.source = k.source AND licenses.order_id = k.order_id
  AND (licenses.license_key = k.license_key OR lower(licenses.email) = lower(k.email))
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
