-- Leaves a mail for later whose license may be good again, by the holder of its lease, if it is not so still: otherwise somebody
-- has made the license good meanwhile, and could not enqueue what was on lease. Then it comes up again once the lease is over.
UPDATE outbox
SET state = 'due', next_attempt_at = :retry_at, last_error = :reason, attempts = attempts - 1,
    silent_claims = 0, person_needed = 0, lease_id = NULL
WHERE id = :id AND lease_id = :lease_id
  AND NOT EXISTS (SELECT 1 FROM good_mails m WHERE m.id = outbox.id AND m.good_until > :now AND m.test <= :allow_test)
  AND NOT EXISTS (SELECT 1 FROM invitation_news n
                  WHERE outbox.kind = 'invitation_mail' AND n.github_user_id = CAST(outbox.subject AS INTEGER)
                    AND n.status = 'active' AND n.good_until > :now AND n.test <= :allow_test)
