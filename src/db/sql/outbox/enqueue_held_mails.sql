-- Enqueues the mails that were held back while a license was not active. One without an address has been erased.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'license_mail', l.license_key, 'due', 0, :now, :trace, :now
FROM licenses l
WHERE l.license_key IN (SELECT license_key FROM licenses WHERE license_key = :key
                        UNION ALL
                        SELECT license_key FROM licenses WHERE source = :source AND order_id = :order_id)
  AND l.storefront_key_id = '' AND l.status = 'active' AND l.email <> ''
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, done_at = NULL, died_at = NULL,
  outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
WHERE outbox.state = 'due' OR (outbox.state = 'done' AND outbox.outcome = 'skipped')
