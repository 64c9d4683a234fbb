-- The licenses of an address, the newest first, with whether each is activated.
SELECT l.license_key, coalesce(l.section, l.source) AS section, l.storefront_key_id, l.product_id,
       l.variant_id, l.tier, l.status, l.test, l.expires_at, l.ends_at, l.issued_at,
       EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = l.license_key) AS activated,
       EXISTS (SELECT 1 FROM disabled_keys k
               WHERE k.source = l.source AND k.storefront_key_id = l.storefront_key_id) AS key_disabled
FROM licenses l
WHERE lower(l.email) = :email AND l.test <= :allow_test
ORDER BY l.issued_at DESC, l.license_key LIMIT :count
