-- Ends the row of a mail whose license is not good, if that is so still: otherwise somebody has made the license good
-- meanwhile, and could not enqueue what was on lease. Then it comes up again once the lease is over.
UPDATE outbox
SET state = 'done', done_at = :now, outcome = 'skipped', lease_id = NULL, next_attempt_at = NULL, last_error = NULL,
    person_needed = 0, silent_claims = 0
WHERE id = :id AND lease_id = :lease_id
  AND NOT EXISTS (SELECT 1 FROM good_mails m WHERE m.id = outbox.id AND m.good_until > :now AND m.test <= :allow_test)
  AND NOT EXISTS (SELECT 1 FROM invitation_news n
                  WHERE outbox.kind = 'invitation_mail' AND n.github_user_id = CAST(outbox.subject AS INTEGER)
                    AND n.status = 'active' AND n.good_until > :now AND n.test <= :allow_test)
