-- Leases the row of a queue that is due the longest of those of which two claims in a row gave no word: the process may have died
-- of it. So it is taken alone when everything else has had its turn.
UPDATE outbox
SET state = 'leased', lease_id = :lease_id, next_attempt_at = :until, attempts = attempts + 1,
    silent_claims = silent_claims + 1
WHERE id = (SELECT id FROM outbox WHERE queue = :queue AND next_attempt_at <= :now AND silent_claims >= 2
            ORDER BY next_attempt_at LIMIT 1)
