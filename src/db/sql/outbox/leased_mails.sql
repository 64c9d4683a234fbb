-- The license mails under a lease, each with what its license is by now.
SELECT o.id, o.attempts, o.trace_id, l.license_key, coalesce(l.section, l.source) AS section, l.product_id, l.variant_id,
       l.tier, l.email, l.name, l.test, l.expires_at,
       CASE WHEN l.status <> 'active' THEN l.status
            WHEN l.ends_at <= :now THEN 'expired'
            WHEN l.test > :allow_test THEN 'tests_off'
            ELSE 'active' END AS standing
FROM outbox o LEFT JOIN licenses l ON l.license_key = o.subject
WHERE o.kind = 'license_mail' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
ORDER BY o.id
