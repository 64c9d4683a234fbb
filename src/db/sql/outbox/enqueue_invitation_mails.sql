-- Enqueues the mails to the accounts of these grants that were just seen invited or expired: one an account, which goes out some
-- minutes later, so that what is made anew together is told of together. Whoever was erased has no address, and the operator has
-- canceled what is over for a reason of their own. One on lease is taken from its holder, who does not know of this yet.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'invitation_mail', CAST(g.github_user_id AS TEXT), 'due', 0, :now + :wait_ms, :trace, :now
FROM json_each(:grants) told JOIN grants g ON g.id = told.value
WHERE g.state IN ('invited', 'expired') AND g.since_at = :now
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = g.id AND o.outcome = 'canceled')
  AND EXISTS (SELECT 1 FROM open_claims c JOIN licenses l ON l.license_key = c.license_key
              WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo AND c.good_until > :now AND c.test <= :allow_test
                AND l.email <> '')
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, done_at = NULL, died_at = NULL,
  outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
WHERE outbox.state <> 'due'
