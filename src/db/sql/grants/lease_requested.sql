-- Leases the grants of a good license to the caller that it is bound to, whatever became of them before: attempts count
-- anew whenever a buyer asks. The caller is known by its number, or by its login alone, for which GitHub need not be asked.
-- Whoever was removed by hand stays out until the operator says otherwise.
-- It takes over the lease of whoever is at an invitation, and notes until when that one may go on. One that is just being
-- taken away is left to whoever does that, and looked at again when that is over. One that was tried for somebody who asked a
-- moment ago is left as it is, unless the license was bound in this very transaction, or it was found out since that the
-- invitation is gone. So is one with an open invitation that was invited as often as that may be in a day, with what is under
-- way, and one that is in or has an open invitation while others wait for theirs, or would have to, unless the license was bound just
-- now and permits more.
INSERT INTO outbox (kind, subject, state, attempts, silent_claims, next_attempt_at, lease_id, requested_at, trace_id, created_at)
SELECT 'grant', c.grant_id, 'leased', 1, 1, :until, :lease_id, :now, :trace, :now
FROM open_claims c
WHERE c.license_key = :key AND (c.github_user_id = :user_id OR c.github_username = :login COLLATE NOCASE)
  AND c.good_until > :now AND c.test <= :allow_test
  AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = c.grant_id AND g.state = 'removed_by_hand')
  AND (NOT EXISTS (SELECT 1 FROM outbox o
                   WHERE o.kind = 'grant' AND o.subject = c.grant_id
                     AND o.requested_at > :now - :fresh_ms AND o.requested_at <= :now
                     AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = o.subject AND g.state IN ('declined', 'expired')))
       OR EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = :key AND a.trace_id = :trace))
  AND (NOT EXISTS (SELECT 1 FROM grants g
                   WHERE g.id = c.grant_id AND (g.state = 'invited' AND g.until_at > :now OR g.state = 'member')
                     AND (g.state = 'invited'
                          AND :per_grant <= (SELECT count(*) FROM invitation_reservations r
                                             WHERE r.grant_id = g.id AND r.reserved_at > :now - :window_ms
                                               AND (r.made = 1 OR r.reserved_at > :now - :lease_ms))
                          OR :per_window <= (SELECT count(*) FROM invitation_reservations r
                                             WHERE r.repo = c.repo AND r.reserved_at > :now - :window_ms)
                          OR EXISTS (SELECT 1 FROM grants w JOIN outbox q ON q.kind = 'grant' AND q.subject = w.id
                                     WHERE w.repo = c.repo AND w.turn_at IS NOT NULL AND q.state IN ('due', 'leased'))))
       OR EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = :key AND a.trace_id = :trace)
          AND NOT EXISTS (SELECT 1 FROM open_claims o
                          WHERE o.github_user_id = c.github_user_id AND o.repo = c.repo AND o.license_key <> :key
                            AND o.permission_rank >= c.permission_rank
                            AND o.good_until > :now AND o.test <= :allow_test))
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'leased', attempts = 1, silent_claims = outbox.silent_claims + 1, next_attempt_at = excluded.next_attempt_at,
  lease_id = excluded.lease_id, requested_at = excluded.requested_at,
  taken_over_until_at = iif(outbox.state = 'leased', outbox.next_attempt_at, outbox.taken_over_until_at),
  history = iif(outbox.state = 'dead',
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', outbox.died_at, 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history),
  trace_id = excluded.trace_id, done_at = NULL, died_at = NULL, outcome = NULL, reference = NULL, person_needed = 0
WHERE NOT (outbox.state = 'leased' AND outbox.next_attempt_at > excluded.created_at
           AND EXISTS (SELECT 1 FROM grants g
                       WHERE g.id = outbox.subject AND g.removing_until_at >= outbox.next_attempt_at))
