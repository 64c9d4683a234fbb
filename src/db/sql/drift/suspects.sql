-- Who is recorded as a member and was not seen by GitHub's lists, of those who were a member before these were asked for.
SELECT g.id, g.github_user_id, g.github_username
FROM grants g INDEXED BY grants_in
WHERE g.repo = :repo AND g.state IN ('member', 'removed_by_hand') AND g.state = 'member' AND g.since_at < :before
  AND g.github_user_id NOT IN (SELECT value ->> '$.id' FROM json_each(:seen))
  AND g.github_user_id NOT IN (SELECT value FROM json_each(:gone))
LIMIT :count
