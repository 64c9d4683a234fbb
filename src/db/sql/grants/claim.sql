-- Leases the grants that are due the longest, and those that were leased to somebody who did not come back. Those that wait
-- for a limit get half of the turns at most: however many they are, they keep nothing else from its turn. One of which two claims
-- in a row gave no word is left to `outbox/claim_suspect`.
UPDATE outbox
SET state = 'leased', lease_id = :lease_id, next_attempt_at = :until, attempts = attempts + 1,
    silent_claims = silent_claims + 1
WHERE id IN (
  SELECT id FROM (
    SELECT o.id FROM outbox o LEFT JOIN grants g ON g.id = o.subject
    WHERE o.queue = 'grants' AND o.next_attempt_at <= :now AND o.silent_claims < 2 AND g.state IS 'waiting'
    ORDER BY o.next_attempt_at LIMIT CAST((:count + 1) / 2 AS INTEGER))
  UNION ALL
  SELECT id FROM (
    SELECT o.id FROM outbox o LEFT JOIN grants g ON g.id = o.subject
    WHERE o.queue = 'grants' AND o.next_attempt_at <= :now AND o.silent_claims < 2 AND g.state IS NOT 'waiting'
    ORDER BY o.next_attempt_at LIMIT :count)
  LIMIT :count)
