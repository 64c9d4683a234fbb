-- A page of the licenses by mail address, order, key or GitHub account: each finds its licenses, and what else is given
-- narrows them. An order's id is looked for at each storefront, one step of the index each.
WITH RECURSIVE sources AS (
  SELECT min(source) AS source FROM licenses
  UNION ALL
  SELECT (SELECT min(n.source) FROM licenses n WHERE n.source > sources.source) FROM sources WHERE sources.source IS NOT NULL
)
SELECT l.license_key, l.source, l.order_id, l.line, l.storefront_key_id, l.product_id, l.variant_id, l.tier, l.email, l.name,
       l.status, l.revoked_by_operator, l.test, l.issued_at, l.expires_at, l.event_id,
       a.github_username, a.github_user_id, a.repos, a.proof, a.activated_at, m.fate, m.said_at
FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key
LEFT JOIN outbox x ON x.kind = 'license_mail' AND x.subject = l.license_key AND x.state = 'dead'
LEFT JOIN returned_mails m ON m.reference = x.reference
WHERE l.license_key > coalesce(:cursor, '')
  AND l.license_key IN (
    SELECT license_key FROM licenses WHERE :email IS NOT NULL AND lower(email) = :email
    UNION ALL
    SELECT o.license_key FROM sources s JOIN licenses o ON o.source = s.source
    WHERE :order_id IS NOT NULL AND o.order_id = :order_id
    UNION ALL
    SELECT :key
    UNION ALL
    SELECT license_key FROM license_activations WHERE github_username = :github COLLATE NOCASE
    UNION ALL
    SELECT license_key FROM license_activations WHERE github_user_id = :github)
  AND (:email IS NULL OR lower(l.email) = :email)
  AND (:order_id IS NULL OR l.order_id = :order_id)
  AND (:key IS NULL OR l.license_key = :key)
  AND (:github IS NULL OR a.github_username = :github COLLATE NOCASE OR a.github_user_id = :github)
ORDER BY l.license_key
LIMIT :count
