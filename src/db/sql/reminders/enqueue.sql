-- Enqueues the reminders that were recorded before in the same batch. One that was sent stays so; one that was held back or skipped
-- while its license was not good, or had another end, is due again.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'reminder_mail', CAST(r.id AS TEXT), 'due', 0, :now, :trace, :now
FROM licenses l CROSS JOIN reminders r ON r.license_key = l.license_key AND r.expires_at = l.expires_at
WHERE l.license_key IN (SELECT license_key FROM licenses WHERE turn_at <= :now AND remind_at <= :now ORDER BY turn_at LIMIT :count)
  AND l.expires_at > :now
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, done_at = NULL, died_at = NULL,
  outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
WHERE outbox.state = 'due' OR (outbox.state = 'done' AND outbox.outcome = 'skipped')
