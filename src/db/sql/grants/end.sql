-- Ends the lease of a grant, by its holder: it is done, dead, or due later. It is due again at once where its licenses by now
-- ask for something else than was tried: they changed while somebody was at it, and a change leaves a leased row alone. It is due
-- again later where the lease was taken over from somebody who may still be at it: what they send last is what holds, and the number
-- of the invitation that they make is known to nobody.
--
-- `:tried` and `asked` are a permission's rank, 0 to leave it as it is, and -1 for no access. What was left as it is for want of a
-- license that asks for anything has been tried with -2: it is due where access is to be taken away by now.
UPDATE outbox
SET state = iif(again, 'due', :state),
    next_attempt_at = iif(again, iif(outdated, :now, taken_over_until_at), :retry_at),
    attempts = iif(again, 0, attempts - :uncounted), silent_claims = 0,
    done_at = iif(again OR :state <> 'done', NULL, :now),
    died_at = iif(again OR :state <> 'dead', NULL, :now),
    outcome = iif(again, NULL, :outcome), reference = iif(again, NULL, :reference),
    last_error = iif(again, NULL, :error), person_needed = iif(again, 0, :person_needed), lease_id = NULL,
    history = iif(again AND :state <> 'due',
                  json_insert(coalesce(history, '[]'), '$[#]', json_object(
                    'at', CAST(:now AS INTEGER), 'outcome', :outcome, 'error', :error)),
                  history)
FROM (SELECT outdated, outdated OR disputed AS again FROM (
  SELECT CASE WHEN :tried > 0 THEN asked NOT IN (0, :tried)
              WHEN :tried = 0 THEN asked <> 0
              WHEN :tried = -2 THEN asked > -1 OR (SELECT state FROM grants WHERE id = :grant_id) = 'revoking'
              ELSE asked > 0 END AS outdated,
         :state = 'done' AND :tried > 0
           AND (SELECT taken_over_until_at FROM outbox WHERE id = :id) > :now AS disputed
  FROM (
    SELECT coalesce(max(iif(c.status = 'active' AND c.good_until > :now AND c.test <= :allow_test, c.permission_rank, NULL)),
                    max(iif(c.status = 'suspended' AND c.good_until > :now AND c.test <= :allow_test, 0, NULL)), -1) AS asked
    FROM grants g JOIN claims c ON c.github_user_id = g.github_user_id AND c.repo = g.repo
    WHERE g.id = :grant_id)))
WHERE id = :id AND lease_id = :lease_id
