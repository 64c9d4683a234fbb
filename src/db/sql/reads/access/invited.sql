-- Who is invited to a repository and has not answered, in the order in which the invitations end: the first :count.
SELECT g.github_username, g.github_user_id, g.state, g.since_at, g.until_at AS at, g.reason
FROM grants g
WHERE g.repo = :repo AND g.state = 'invited'
ORDER BY g.until_at
LIMIT :count
