-- Stops trying, by the holder of the lease. The row stays, with its last error, for the operator.
UPDATE outbox
SET state = 'dead', died_at = :now, next_attempt_at = NULL, last_error = :error, lease_id = NULL, person_needed = 0
WHERE id = :id AND lease_id = :lease_id
