-- Enqueues the mails of the alerts that were raised at this moment, each once. They are due a day before: an alert goes
-- first, however much else is due.
INSERT INTO outbox (kind, subject, state, next_attempt_at, trace_id, created_at)
SELECT 'alert_mail', a.id, 'due', :now - 86400000, :trace, :now
FROM alerts a WHERE a.created_at = :now
ON CONFLICT (kind, subject) DO NOTHING
