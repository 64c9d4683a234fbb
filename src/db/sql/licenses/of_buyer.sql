-- What the page of a license's buyer is told besides the license: since when it is theirs and how it ends; where it is not good, since
-- when that is so; when they last moved it to another account, a correction aside; what they filled in at the checkout; and whether the
-- mail with the license came back.
SELECT l.issued_at, l.term, l.expires_at, l.ends_at, l.kept_after_end, o.custom_fields,
       CASE
         WHEN l.revoked_by_operator = 1 THEN
           (SELECT max(r.acted_at) FROM admin_actions r WHERE r.target = l.license_key AND r.action = 'license.revoke')
         WHEN k.recorded_at IS NOT NULL AND l.status = 'suspended' THEN k.recorded_at
         WHEN l.status <> 'active' THEN
           (SELECT min(c.said_at) FROM license_consequences c WHERE c.license_key = l.license_key AND c.status = l.status)
       END AS status_since_at,
       (SELECT max(m.acted_at) FROM admin_actions m
        WHERE m.target = l.license_key AND m.action = 'license.transfer' AND m.actor = :mover
          AND m.detail ->> 'correction' IS NULL) AS moved_at,
       EXISTS (SELECT 1 FROM outbox x JOIN returned_mails m ON m.reference = x.reference
               WHERE x.kind = 'license_mail' AND x.subject = l.license_key AND x.state = 'dead') AS mail_returned
FROM licenses l
LEFT JOIN orders o ON o.source = l.source AND o.order_id = l.order_id
LEFT JOIN disabled_keys k ON k.source = l.source AND k.storefront_key_id = l.storefront_key_id
WHERE l.license_key = :key
