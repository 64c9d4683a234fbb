-- The grants that are recorded as invited and are not, by a list that was read: those that are gone since the list before, those
-- that were invited since that one was asked for, and those whose invitation has ended. One that was invited since this list was
-- asked for may not be on it yet; and one that has ended and waits to be made anew for a good license is left to whoever does that,
-- who finds out the same, since a look would find it again and again. Nothing is read of those that stand on it as before, however
-- many they are.
SELECT g.id, g.github_user_id, g.github_username, g.until_at
FROM grants g
WHERE g.id IN (SELECT value || ':' || lower(:repo) FROM json_each(:gone)
               UNION ALL
               SELECT id FROM grants WHERE repo = :repo AND state = 'invited' AND until_at >= :invited_since + :lifetime_ms
               UNION ALL
               SELECT id FROM grants WHERE repo = :repo AND state = 'invited' AND until_at <= :now)
  AND g.state = 'invited' AND g.until_at < :invited_before + :lifetime_ms
  AND iif(g.until_at <= :now,
          NOT EXISTS (SELECT 1 FROM outbox o
                      WHERE o.kind = 'grant' AND o.subject = g.id AND o.state IN ('due', 'leased')
                        AND EXISTS (SELECT 1 FROM open_claims c
                                    WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                                      AND c.good_until > :now AND c.test <= :allow_test)),
          g.github_user_id NOT IN (SELECT value FROM json_each(:open)))
LIMIT :count
