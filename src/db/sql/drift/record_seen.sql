-- Records how those who were seen differ from what is recorded: who is in for no license, who may do something else than is asked
-- for, and who has another name by now. What is being changed is no difference yet, and the owner of the repository is none.
INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at, seen)
SELECT :repo, s.id, k.kind, iif(g.github_username = 'erased', 'erased', s.login), :now, :now,
       json_object('place', s.place, 'role', s.role, 'inviter', s.inviter, 'invited_at', s.invited_at,
                   'name', iif(k.kind = 'renamed', g.github_username, NULL))
FROM (SELECT value ->> '$.id' AS id, value ->> '$.login' AS login, value ->> '$.role' AS role, value ->> '$.place' AS place,
             value ->> '$.inviter' AS inviter, value ->> '$.invited_at' AS invited_at,
             CASE value ->> '$.role' WHEN 'pull' THEN 1 WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4
                                     WHEN 'admin' THEN 5 END AS rank
      FROM json_each(:seen) WHERE value ->> '$.place' <> 'asked') s
CROSS JOIN (SELECT value AS kind FROM json_each('["extra", "wrong_permission", "renamed"]')) k
LEFT JOIN grants g ON g.id = s.id || ':' || lower(:repo)
WHERE (g.since_at IS NULL OR g.since_at < :before)
  AND lower(s.login) <> lower(substr(:repo, 1, instr(:repo, '/') - 1))
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = g.id AND o.state IN ('due', 'leased'))
  AND CASE k.kind
        WHEN 'extra' THEN NOT (g.state IS 'member' AND g.earlier IS NOT NULL) AND NOT EXISTS (
          SELECT 1 FROM claims c
          WHERE c.github_user_id = s.id AND c.repo = :repo AND c.status IN ('active', 'suspended') AND c.good_until > :now)
        WHEN 'wrong_permission' THEN :personal = 0 AND s.rank <> (
          SELECT max(max(c.permission_rank),
                     CASE g.earlier WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 WHEN 'admin' THEN 5 ELSE 1 END)
          FROM open_claims c WHERE c.github_user_id = s.id AND c.repo = :repo AND c.good_until > :now)
        ELSE g.github_username <> s.login COLLATE NOCASE AND g.github_username <> 'erased'
      END
ON CONFLICT (repo, github_user_id, kind) DO UPDATE SET
  github_username = excluded.github_username, found_at = excluded.found_at, seen = excluded.seen
