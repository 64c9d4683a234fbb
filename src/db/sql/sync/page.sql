-- So many bound licenses, person by person from there on, each with its terms, and whether it is one of the product that is asked
-- about, if one is. What a license that is over opens nobody asks about.
SELECT a.github_user_id, t.license_key, t.terms, :product IS NULL OR l.product_id = :product AS selected,
       CASE WHEN l.status = 'revoked' OR l.ends_at <= :now OR l.test > :allow_test THEN 'over'
            WHEN l.status = 'suspended' THEN 'suspended'
            ELSE 'good' END AS standing
FROM license_activations a INDEXED BY license_activations_user
JOIN licenses l ON l.license_key = a.license_key
JOIN bound_terms t ON t.license_key = a.license_key
WHERE (a.github_user_id, a.license_key) > (:user_id, :key)
ORDER BY a.github_user_id, a.license_key
LIMIT :count
