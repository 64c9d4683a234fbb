-- Leases what is due the longest of a queue, and what was leased to somebody who did not come back. One of which two claims in
-- a row gave no word is left to `outbox/claim_suspect`.
UPDATE outbox
SET state = 'leased', lease_id = :lease_id, next_attempt_at = :until, attempts = attempts + 1,
    silent_claims = silent_claims + 1
WHERE id IN (SELECT id FROM outbox WHERE queue = :queue AND next_attempt_at <= :now AND silent_claims < 2
             ORDER BY next_attempt_at LIMIT :count)
