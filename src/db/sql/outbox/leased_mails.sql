-- The license mails under a lease.
SELECT o.id, o.attempts, o.trace_id, l.license_key, coalesce(l.section, l.source) AS section, l.product_id, l.variant_id,
       l.tier, l.email, l.name, l.status, l.test, l.expires_at
FROM outbox o LEFT JOIN licenses l ON l.license_key = o.subject
WHERE o.kind = 'license_mail' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
ORDER BY o.id
