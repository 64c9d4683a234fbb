-- Ends the lease of a grant, by its holder: it is done, dead, or due later. It is due again at once where its licenses by now
-- ask for something else than was tried: they changed while somebody was at it, and a change leaves a leased row alone.
--
-- `:tried` and `asked` are a permission's rank, 0 to leave it as it is, and -1 for no access. What was left as it is for want of a
-- license that asks for anything has been tried with -2: it is due where access is to be taken away by now.
UPDATE outbox
SET state = iif(outdated, 'due', :state),
    next_attempt_at = iif(outdated, :now, :retry_at),
    attempts = iif(outdated, 0, attempts - :uncounted), silent_claims = 0,
    done_at = iif(outdated OR :state <> 'done', NULL, :now),
    died_at = iif(outdated OR :state <> 'dead', NULL, :now),
    outcome = iif(outdated, NULL, :outcome), reference = iif(outdated, NULL, :reference),
    last_error = iif(outdated, NULL, :error), person_needed = iif(outdated, 0, :person_needed), lease_id = NULL,
    history = iif(outdated AND :state <> 'due',
                  json_insert(coalesce(history, '[]'), '$[#]', json_object(
                    'at', CAST(:now AS INTEGER), 'outcome', :outcome, 'error', :error)),
                  history)
FROM (
  SELECT CASE WHEN :tried > 0 THEN asked NOT IN (0, :tried)
              WHEN :tried = 0 THEN asked <> 0
              WHEN :tried = -2 THEN asked > -1 OR (SELECT state FROM grants WHERE id = :grant_id) = 'revoking'
              ELSE asked > 0 END AS outdated
  FROM (
    SELECT coalesce(max(iif(c.status = 'active' AND c.good_until > :now AND c.test <= :allow_test, c.permission_rank, NULL)),
                    max(iif(c.status = 'suspended' AND c.good_until > :now AND c.test <= :allow_test, 0, NULL)), -1) AS asked
    FROM grants g JOIN claims c ON c.github_user_id = g.github_user_id AND c.repo = g.repo
    WHERE g.id = :grant_id))
WHERE id = :id AND lease_id = :lease_id
