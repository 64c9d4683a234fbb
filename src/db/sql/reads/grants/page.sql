-- A page of who has access to what, by account. It looks at no more than :window grants, however few of them are asked for.
SELECT g.id, g.github_user_id, g.github_username, g.repo, g.state, g.since_at, g.until_at, g.reason, g.earlier, g.renewals, g.history,
       (SELECT max(p.permission_rank) FROM open_claims p
        WHERE p.github_user_id = g.github_user_id AND p.repo = g.repo) AS permission_rank,
       (SELECT json_group_array(k.license_key) FROM claims k
        WHERE k.github_user_id = g.github_user_id AND k.repo = g.repo) AS licenses
FROM grants g
WHERE g.id > coalesce(:cursor, '')
  AND g.id <= coalesce((SELECT w.id FROM grants w WHERE w.id > coalesce(:cursor, '') ORDER BY w.id LIMIT 1 OFFSET :window - 1), '~')
  AND (:repo IS NULL OR g.repo = :repo)
  AND (:state IS NULL OR g.state = :state)
ORDER BY g.id
LIMIT :count
