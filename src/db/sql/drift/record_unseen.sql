-- Records who should be in and was not seen: those who were removed by hand, those whose account is gone, and those for whom nothing
-- is under way; and that the repository has another name.
INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at, seen)
SELECT :repo, f.github_user_id, f.kind, f.github_username, :now, :now, f.seen
FROM (
  SELECT g.github_user_id, 'removed_by_hand' AS kind, g.github_username, NULL AS seen
  FROM grants g INDEXED BY grants_in
  WHERE g.repo = :repo AND g.state IN ('member', 'removed_by_hand') AND g.state = 'removed_by_hand'
    AND EXISTS (SELECT 1 FROM open_claims c
                WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo AND c.good_until > :now)
  UNION ALL
  SELECT g.github_user_id, 'account_gone', g.github_username, NULL
  FROM json_each(:gone) gone JOIN grants g ON g.id = gone.value || ':' || lower(:repo)
  WHERE EXISTS (SELECT 1 FROM open_claims c
                WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo AND c.good_until > :now)
  UNION ALL
  SELECT c.github_user_id, 'missing', coalesce(g.github_username, c.github_username), NULL
  FROM open_claims c
  LEFT JOIN grants g ON g.id = c.grant_id
  LEFT JOIN outbox o ON o.kind = 'grant' AND o.subject = c.grant_id
  WHERE c.repo = :repo AND c.good_until > :now AND c.test <= :allow_test
    AND (g.id IS NULL OR g.state IN ('pending', 'waiting', 'blocked', 'revoking', 'revoked') AND g.since_at < :before)
    AND coalesce(o.state, '') NOT IN ('due', 'leased')
    AND c.github_user_id NOT IN (SELECT value ->> '$.id' FROM json_each(:seen))
  UNION ALL
  SELECT 0, 'renamed', '', json_object('name', :renamed_to) WHERE :renamed_to IS NOT NULL
) f
WHERE true
ON CONFLICT (repo, github_user_id, kind) DO UPDATE SET
  github_username = excluded.github_username, found_at = excluded.found_at, seen = excluded.seen
