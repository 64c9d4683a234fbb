-- A page of all licenses, in the order of their keys.
SELECT l.license_key, l.source, l.order_id, l.line, l.storefront_key_id, l.product_id, l.variant_id, l.tier, l.email, l.name,
       l.status, l.revoked_by_operator, l.test, l.issued_at, l.expires_at, l.event_id,
       a.github_username, a.github_user_id, a.repos, a.proof, a.activated_at, m.fate, m.said_at
FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key
LEFT JOIN outbox x ON x.kind = 'license_mail' AND x.subject = l.license_key AND x.state = 'dead'
LEFT JOIN returned_mails m ON m.reference = x.reference
WHERE l.license_key > coalesce(:cursor, '')
ORDER BY l.license_key
LIMIT :count
