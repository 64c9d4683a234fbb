-- What is due the longest.
SELECT kind, due_at FROM (
  SELECT 'delivery' AS kind, min(next_attempt_at) AS due_at FROM webhook_events WHERE next_attempt_at <= :now
  UNION ALL
  SELECT 'license_mail', min(next_attempt_at) FROM outbox WHERE kind = 'license_mail' AND next_attempt_at <= :now
  UNION ALL
  SELECT 'reminder_mail', min(next_attempt_at) FROM outbox WHERE kind = 'reminder_mail' AND next_attempt_at <= :now
  UNION ALL
  SELECT 'grant', min(next_attempt_at) FROM outbox WHERE kind = 'grant' AND next_attempt_at <= :now
  UNION ALL
  SELECT 'alert_mail', min(next_attempt_at) FROM outbox WHERE kind = 'alert_mail' AND next_attempt_at <= :now
)
WHERE due_at IS NOT NULL
ORDER BY due_at LIMIT 1
