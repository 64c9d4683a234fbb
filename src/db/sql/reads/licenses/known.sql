-- Every license of the orders of deliveries and of licenses.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT l.license_key, l.source, l.order_id, l.line, l.storefront_key_id, l.product_id, l.variant_id, l.tier, l.email, l.name,
       l.status, l.revoked_by_operator, l.test, l.issued_at, l.expires_at, l.event_id,
       a.github_username, a.github_user_id, a.repos, a.proof, a.activated_at, m.fate, m.said_at
FROM scope
CROSS JOIN licenses l ON l.source = scope.source AND l.order_id = scope.order_id
LEFT JOIN license_activations a ON a.license_key = l.license_key
LEFT JOIN outbox x ON x.kind = 'license_mail' AND x.subject = l.license_key AND x.state = 'dead'
LEFT JOIN returned_mails m ON m.reference = x.reference
