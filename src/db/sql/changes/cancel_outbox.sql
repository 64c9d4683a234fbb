-- Ends a row for good: nothing of it is to be done any more. How one was given up before stays in its history.
UPDATE outbox
SET state = 'done', outcome = 'canceled', done_at = :now, next_attempt_at = NULL, died_at = NULL, person_needed = 0,
    history = iif(state = 'dead',
                  json_insert(coalesce(history, '[]'), '$[#]', json_object('at', died_at, 'outcome', outcome, 'error', last_error)),
                  history)
WHERE id = :id AND state IN ('due', 'dead')
