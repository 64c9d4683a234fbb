-- The license of a key, with its activation.
SELECT l.license_key, coalesce(l.section, l.source) AS section, l.storefront_key_id, l.product_id,
       l.variant_id, l.tier, l.status, l.test, l.expires_at, l.ends_at,
       a.github_username, a.github_user_id, a.repos, iif(a.proof = 'checkout', a.activated_at, NULL) AS bound_at_checkout_at,
       EXISTS (SELECT 1 FROM disabled_keys k
               WHERE k.source = l.source AND k.storefront_key_id = l.storefront_key_id) AS key_disabled
FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key
WHERE l.license_key = :key
