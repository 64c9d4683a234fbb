-- Leases mails to buyers that are due the longest, and those that were leased to somebody who did not come back: keys first, and
-- as many reminders as are left of the count. One of which two claims in a row gave no word is left to `outbox/claim_suspect`.
UPDATE outbox
SET state = 'leased', lease_id = :lease_id, next_attempt_at = :until, attempts = attempts + 1,
    silent_claims = silent_claims + 1
WHERE id IN (
  SELECT id FROM (SELECT id FROM outbox WHERE kind = 'license_mail' AND next_attempt_at <= :now AND silent_claims < 2
                  ORDER BY next_attempt_at LIMIT :count)
  UNION ALL
  SELECT id FROM (SELECT id FROM outbox WHERE kind = 'reminder_mail' AND next_attempt_at <= :now AND silent_claims < 2
                  ORDER BY next_attempt_at
                  LIMIT :count - (SELECT count(*) FROM (SELECT id FROM outbox
                                                        WHERE kind = 'license_mail' AND next_attempt_at <= :now
                                                          AND silent_claims < 2
                                                        LIMIT :count))))
