-- What is recorded of the access that a good license claims, for the account that it is bound to: its answer where nothing is
-- tried.
SELECT g.repo, g.state, g.until_at, g.invitation_id, o.next_attempt_at, g.blocked_by
FROM open_claims c
JOIN grants g ON g.id = c.grant_id
LEFT JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id
WHERE c.license_key = :key AND (c.github_user_id = :user_id OR c.github_username = :login COLLATE NOCASE)
