-- Cancels the mails to a person, also those that are leased: their holder ends nothing any more.
UPDATE outbox
SET state = 'done', outcome = 'canceled', done_at = :now, next_attempt_at = NULL, lease_id = NULL, died_at = NULL,
    last_error = NULL, person_needed = 0
WHERE kind = 'license_mail' AND state <> 'done'
  AND subject IN (SELECT license_key FROM licenses WHERE lower(email) = :email)
