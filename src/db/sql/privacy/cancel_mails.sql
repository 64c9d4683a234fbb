-- Cancels the mails to a person, also those that are leased: their holder ends nothing any more.
UPDATE outbox
SET state = 'done', outcome = 'canceled', done_at = :now, next_attempt_at = NULL, lease_id = NULL, died_at = NULL,
    last_error = NULL, person_needed = 0
WHERE state <> 'done'
  AND id IN (SELECT o.id FROM licenses l CROSS JOIN outbox o ON o.kind = 'license_mail' AND o.subject = l.license_key
             WHERE lower(l.email) = :email
             UNION ALL
             SELECT o.id FROM licenses l CROSS JOIN reminders r ON r.license_key = l.license_key
             CROSS JOIN outbox o ON o.kind = 'reminder_mail' AND o.subject = CAST(r.id AS TEXT)
             WHERE lower(l.email) = :email
             UNION ALL
             SELECT o.id FROM licenses l CROSS JOIN license_activations a ON a.license_key = l.license_key
             CROSS JOIN outbox o ON o.kind = 'invitation_mail' AND o.subject = CAST(a.github_user_id AS TEXT)
             WHERE lower(l.email) = :email
             UNION ALL
             SELECT o.id FROM recoveries v CROSS JOIN outbox o ON o.kind = 'recovery_mail' AND o.subject = v.id
             WHERE v.email = :email)
