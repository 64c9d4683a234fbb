-- What is recorded of the access that a license claims, whoever it is bound to: for whoever shows its key, and is told no name.
SELECT g.repo, g.state, g.until_at, g.invitation_id, o.next_attempt_at, g.blocked_by
FROM claims c
JOIN grants g ON g.id = c.grant_id
LEFT JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id
WHERE c.license_key = :key
