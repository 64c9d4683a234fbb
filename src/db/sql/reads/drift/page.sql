-- A page of where GitHub and what is recorded differ, in the order in which it was found, each with what is on record of it. It looks
-- at no more than :window, however few are asked for.
SELECT d.id, d.kind, d.repo, d.github_user_id, d.github_username, d.since_at, d.found_at, d.seen,
       g.state, g.earlier, coalesce(g.history, '[]') AS history,
       (SELECT max(p.permission_rank) FROM open_claims p
        WHERE p.github_user_id = d.github_user_id AND p.repo = d.repo) AS permission_rank,
       (SELECT json_group_array(json_object('license_key', c.license_key, 'source', c.source, 'order_id', c.order_id,
                                            'status', c.status)) FROM claims c
        WHERE c.github_user_id = d.github_user_id AND c.repo = d.repo) AS licenses
FROM drift d
LEFT JOIN grants g ON g.id = d.github_user_id || ':' || lower(d.repo)
WHERE d.id > coalesce(:cursor, 0)
  AND d.id <= coalesce((SELECT w.id FROM drift w WHERE w.id > coalesce(:cursor, 0) ORDER BY w.id LIMIT 1 OFFSET :window - 1), 9007199254740991)
  AND (:kind IS NULL OR d.kind = :kind)
  AND (:repo IS NULL OR d.repo = :repo)
ORDER BY d.id
LIMIT :count
