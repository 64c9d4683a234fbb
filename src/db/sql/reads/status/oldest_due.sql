-- What is due the longest.
SELECT kind, due_at FROM (
  SELECT 'delivery' AS kind, min(next_attempt_at) AS due_at FROM webhook_events WHERE next_attempt_at <= :now
  UNION ALL
  SELECT * FROM (SELECT kind, next_attempt_at FROM outbox WHERE queue = 'mails' AND next_attempt_at <= :now
                 ORDER BY next_attempt_at LIMIT 1)
  UNION ALL
  SELECT * FROM (SELECT kind, next_attempt_at FROM outbox WHERE queue = 'grants' AND next_attempt_at <= :now
                 ORDER BY next_attempt_at LIMIT 1)
  UNION ALL
  SELECT * FROM (SELECT kind, next_attempt_at FROM outbox WHERE queue = 'alerts' AND next_attempt_at <= :now
                 ORDER BY next_attempt_at LIMIT 1)
)
WHERE due_at IS NOT NULL
ORDER BY due_at LIMIT 1
