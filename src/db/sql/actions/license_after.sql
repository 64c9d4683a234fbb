-- How a license stands after an operator's action, and whether that took effect, now or when it was sent before.
SELECT l.storefront_key_id = '' AS minted, l.status = 'active' AS active, l.email <> '' AS has_address,
       a.license_key IS NOT NULL AS bound,
       EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id) AS acted
FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key
WHERE l.license_key = :key
