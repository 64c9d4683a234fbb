-- Enqueues the mail of a license once more.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'license_mail', l.license_key, 'due', 0, :now, :trace, :now
FROM licenses l
WHERE l.license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, done_at = NULL, died_at = NULL,
  outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
