-- Leaves a row for later, by the holder of its lease.
UPDATE outbox
SET state = 'due', next_attempt_at = :retry_at, last_error = :error, attempts = attempts - :uncounted,
    silent_claims = 0, person_needed = :person_needed, lease_id = NULL
WHERE id = :id AND lease_id = :lease_id
