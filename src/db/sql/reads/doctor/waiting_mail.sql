-- Why a mail waits that cannot be sent before a person has mended something, if any does.
SELECT last_error FROM outbox
WHERE kind IN ('license_mail', 'reminder_mail', 'alert_mail')
  AND next_attempt_at IS NOT NULL AND person_needed = 1 AND last_error IS NOT NULL
ORDER BY next_attempt_at
LIMIT 1
