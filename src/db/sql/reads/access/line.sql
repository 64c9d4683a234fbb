-- Who waits for an invitation to a repository, in the order of their turns: the first :count.
SELECT g.github_username, g.github_user_id, g.state, g.since_at, g.turn_at AS at, g.reason
FROM grants g
WHERE g.repo = :repo AND g.turn_at IS NOT NULL
ORDER BY g.turn_at
LIMIT :count
