-- Makes a row due now, with its attempts counted anew.
UPDATE outbox
SET state = 'due', attempts = 0, next_attempt_at = :now, died_at = NULL, person_needed = 0,
    history = iif(state = 'dead',
                  json_insert(coalesce(history, '[]'), '$[#]', json_object(
                    'at', died_at, 'outcome', outcome, 'error', last_error)),
                  history)
WHERE id = :id AND state IN ('due', 'dead')
