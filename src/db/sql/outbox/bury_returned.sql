-- Leaves the row of a mail to the operator that was sent and has come back since. One that was sent anew since is another mail, and
-- nobody is told of an erased buyer's. Where the mail comes back before its row is done, `outbox/complete` does the same.
UPDATE outbox
SET state = 'dead', died_at = :now, done_at = NULL, outcome = NULL,
    last_error = (SELECT r.reason FROM returned_mails r WHERE r.reference = outbox.reference)
WHERE id = :outbox_id AND reference = :reference AND state = 'done' AND outcome = 'sent' AND kind <> 'grant'
  AND NOT EXISTS (SELECT 1 FROM licenses l WHERE kind = 'license_mail' AND l.license_key = subject AND l.email = '')
