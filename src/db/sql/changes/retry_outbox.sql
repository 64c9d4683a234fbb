-- Makes a row due now, with its attempts counted anew: one that is due or given up, or an invitation that is gone.
UPDATE outbox
SET state = 'due', attempts = 0, next_attempt_at = :now, died_at = NULL, done_at = NULL, person_needed = 0,
    outcome = iif(state = 'dead', NULL, outcome), reference = iif(kind = 'grant', reference, NULL),
    history = iif(state IN ('dead', 'done'),
                  json_insert(coalesce(history, '[]'), '$[#]', json_object(
                    'at', coalesce(died_at, done_at), 'outcome', outcome, 'error', last_error)),
                  history)
WHERE id = :id
  AND (state IN ('due', 'dead')
       OR state = 'done' AND kind = 'grant'
          AND EXISTS (SELECT 1 FROM grants g WHERE g.id = subject AND g.state IN ('expired', 'declined', 'removed_by_hand')))
