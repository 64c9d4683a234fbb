-- The mails to buyers under a lease, each with what its license is by now. A reminder is over that is not of the end which the
-- license has, or comes after it.
SELECT o.id, o.kind, o.attempts, o.trace_id, l.license_key, coalesce(l.section, l.source) AS section, l.product_id, l.variant_id,
       l.tier, l.email, l.name, l.test, l.term, l.expires_at, l.ends_at, l.kept_after_end,
       CASE WHEN o.kind = 'reminder_mail'
                 AND (l.expires_at IS NOT r.expires_at OR l.expires_at <= :now OR l.ends_at IS NULL OR l.term = 'renewing'
                      OR l.email = '') THEN 'expired'
            WHEN l.status <> 'active' THEN l.status
            WHEN l.ends_at <= :now THEN 'expired'
            WHEN l.test > :allow_test THEN 'tests_off'
            ELSE 'active' END AS standing
FROM outbox o
LEFT JOIN reminders r ON o.kind = 'reminder_mail' AND r.id = CAST(o.subject AS INTEGER)
LEFT JOIN licenses l ON l.license_key = iif(o.kind = 'reminder_mail', r.license_key, o.subject)
WHERE o.queue = 'mails' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
ORDER BY o.id
