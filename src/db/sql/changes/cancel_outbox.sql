-- Ends a row for good: nothing of it is to be done any more.
UPDATE outbox
SET state = 'done', outcome = 'canceled', done_at = :now, next_attempt_at = NULL, died_at = NULL, person_needed = 0
WHERE id = :id AND state IN ('due', 'dead')
