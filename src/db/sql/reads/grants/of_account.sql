-- A page of what an account has access to, by its login or its number; of one repository where that is asked for. An account has few.
SELECT g.id, g.github_user_id, g.github_username, g.repo, g.state, g.since_at, g.until_at, g.reason, g.earlier, g.renewals, g.history,
       (SELECT max(p.permission_rank) FROM open_claims p
        WHERE p.github_user_id = g.github_user_id AND p.repo = g.repo) AS permission_rank,
       (SELECT json_group_array(k.license_key) FROM claims k
        WHERE k.github_user_id = g.github_user_id AND k.repo = g.repo) AS licenses
FROM grants g
WHERE g.id IN (
    SELECT id FROM grants WHERE github_username = :github COLLATE NOCASE
    UNION ALL
    SELECT id FROM grants WHERE id > :github || ':' AND id < :github || ';')
  AND g.id > coalesce(:cursor, '')
  AND (:repo IS NULL OR g.repo = :repo)
  AND (:state IS NULL OR g.state = :state)
ORDER BY g.id
LIMIT :count
