-- Records how those who were seen differ from what is recorded: who is in for no license, who may do something else than is asked
-- for, and who has another name by now. What is being changed is no difference yet, and the owner of the repository is none. What is
-- asked for is 0 where a suspended license keeps access and no other asks for it.
WITH seen AS (
  SELECT value ->> '$.id' AS id, value ->> '$.login' AS login, value ->> '$.role' AS role, value ->> '$.place' AS place,
         value ->> '$.inviter' AS inviter, value ->> '$.invited_at' AS invited_at
  FROM json_each(:seen) WHERE value ->> '$.place' <> 'asked'
), held AS MATERIALIZED (
  SELECT s.*, g.id AS grant_id, g.github_username AS known_as, g.state, g.earlier,
         CASE s.role WHEN 'pull' THEN 1 WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 WHEN 'admin' THEN 5 END AS rank,
         CASE g.earlier WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 WHEN 'admin' THEN 5 ELSE 1 END AS earlier_rank,
         (SELECT max(iif(c.status = 'active', c.permission_rank, 0)) FROM claims c
          WHERE c.github_user_id = s.id AND c.repo = :repo AND c.status IN ('active', 'suspended') AND c.good_until > :now) AS asked
  FROM seen s LEFT JOIN grants g ON g.id = s.id || ':' || lower(:repo)
  WHERE (g.since_at IS NULL OR g.since_at < :before) AND lower(s.login) <> lower(substr(:repo, 1, instr(:repo, '/') - 1))
)
INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at, seen)
SELECT :repo, h.id, k.value, iif(h.known_as = 'erased', 'erased', h.login), :now, :now,
       json_object('place', h.place, 'role', h.role, 'inviter', h.inviter, 'invited_at', h.invited_at,
                   'name', iif(k.value = 'renamed', h.known_as, NULL))
FROM held h CROSS JOIN json_each('["extra", "wrong_permission", "renamed"]') k
WHERE CASE k.value
        WHEN 'extra' THEN h.asked IS NULL AND NOT (h.state IS 'member' AND h.earlier IS NOT NULL)
        WHEN 'wrong_permission' THEN :personal = 0 AND h.asked > 0 AND h.rank <> max(h.asked, h.earlier_rank)
        ELSE h.known_as <> h.login COLLATE NOCASE AND h.known_as <> 'erased'
      END
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = h.grant_id AND o.state IN ('due', 'leased'))
ON CONFLICT (repo, github_user_id, kind) DO UPDATE SET
  github_username = excluded.github_username, found_at = excluded.found_at, seen = excluded.seen
