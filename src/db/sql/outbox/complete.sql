-- Ends a row well, by the holder of its lease.
UPDATE outbox
SET state = 'done', done_at = :now, outcome = :outcome, reference = :reference, lease_id = NULL, next_attempt_at = NULL,
    silent_claims = 0,
    last_error = NULL, person_needed = 0
WHERE id = :id AND lease_id = :lease_id
