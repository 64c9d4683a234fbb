-- Makes the grants due that have just been noted as wanted or wanted no longer by a change of these licenses, and those of which
-- more was given than what is left of the account's licenses asks for, without one that is about to leave it. It goes before the licenses get their new status. Those that
-- somebody is at right now are looked at again before the lease ends. What was answered to whoever waits for one is not true any
-- more, so it is tried at once when they ask again.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'grant', g.id, 'due', 0, :now, :trace, :now
FROM claims c JOIN grants g ON g.id = c.grant_id
WHERE c.license_key IN (SELECT license_key FROM licenses WHERE license_key = :key
                        UNION ALL
                        SELECT license_key FROM licenses WHERE source = :source AND order_id = :order_id)
  AND (g.state IN ('pending', 'revoking') AND g.since_at = :now
       OR g.state IN ('invited', 'member') AND g.given <> 'pull'
          AND CASE g.given WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 ELSE 5 END > (
            SELECT max(o.permission_rank) FROM claims o JOIN license_standings s ON s.license_key = o.license_key
            WHERE o.github_user_id = g.github_user_id AND o.repo = g.repo AND o.license_key IS NOT :leaving
              AND s.status = 'active' AND s.good_until > :now AND o.test <= :allow_test))
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, requested_at = NULL,
  done_at = NULL, died_at = NULL, outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0,
  trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
WHERE NOT (outbox.state = 'leased' AND outbox.next_attempt_at > excluded.created_at)
