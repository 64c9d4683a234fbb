-- The alerts under a lease.
SELECT o.id, o.attempts, coalesce(json_array_length(o.history), 0) AS ended, o.trace_id, a.id AS alert_id, a.detail, a.created_at
FROM outbox o LEFT JOIN alerts a ON a.id = o.subject
WHERE o.queue = 'alerts' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
ORDER BY o.id
