-- A page of where GitHub and what is recorded of an account differ, by its login or its number, in the order in which it was found,
-- each with what is on record of it.
SELECT d.id, d.kind, d.repo, d.github_user_id, d.github_username, d.since_at, d.found_at, d.seen,
       g.state, g.earlier, coalesce(g.history, '[]') AS history,
       (SELECT max(p.permission_rank) FROM open_claims p
        WHERE p.github_user_id = d.github_user_id AND p.repo = d.repo) AS permission_rank,
       (SELECT json_group_array(json_object('license_key', c.license_key, 'source', c.source, 'order_id', c.order_id,
                                            'status', c.status)) FROM claims c
        WHERE c.github_user_id = d.github_user_id AND c.repo = d.repo) AS licenses
FROM drift d
LEFT JOIN grants g ON g.id = d.github_user_id || ':' || lower(d.repo)
WHERE d.id IN (
    SELECT id FROM drift WHERE github_user_id > 0 AND github_username = :github COLLATE NOCASE
    UNION ALL
    SELECT id FROM drift WHERE github_user_id > 0 AND github_user_id = :github)
  AND d.id > coalesce(:cursor, 0)
  AND (:kind IS NULL OR d.kind = :kind)
  AND (:repo IS NULL OR d.repo = :repo)
ORDER BY d.id
LIMIT :count
