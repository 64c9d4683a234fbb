-- Has invitations be made anew that end before long, or have ended, and that nobody has accepted: of licenses that are good, and so
-- often at most. What the operator has canceled stays so, and what somebody is at, or is due, needs nothing: however many those are,
-- they keep nobody from being among the first.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'grant', g.id, 'due', 0, :now, :trace, :now
FROM grants g INDEXED BY grants_invited
WHERE g.repo = :repo AND g.state = 'invited' AND g.until_at <= :now + :ahead_ms AND g.renewals < :most_renewals
  AND EXISTS (SELECT 1 FROM open_claims c
              WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo AND c.good_until > :now AND c.test <= :allow_test)
  AND NOT EXISTS (SELECT 1 FROM outbox o
                  WHERE o.kind = 'grant' AND o.subject = g.id AND (o.state <> 'done' OR o.outcome = 'canceled'))
ORDER BY g.until_at
LIMIT :count
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, requested_at = NULL, done_at = NULL, outcome = NULL,
  reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object('at', outbox.done_at, 'outcome', outbox.outcome))
WHERE outbox.state = 'done' AND outbox.outcome <> 'canceled'
