-- Leases what is due the longest of a kind, and what was leased to somebody who did not come back.
UPDATE outbox
SET state = 'leased', lease_id = :lease_id, next_attempt_at = :until, attempts = attempts + 1
WHERE id IN (SELECT id FROM outbox WHERE kind = :kind AND next_attempt_at <= :now ORDER BY next_attempt_at LIMIT :count)
