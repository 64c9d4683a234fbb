-- Why a mail waits that cannot be sent before a person has mended something, if any does.
SELECT last_error FROM outbox
WHERE queue IN ('mails', 'alerts')
  AND next_attempt_at IS NOT NULL AND person_needed = 1 AND last_error IS NOT NULL
ORDER BY next_attempt_at
LIMIT 1
