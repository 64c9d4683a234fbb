-- Notes what is begun under a lease, before anything is sent: which of the grants are to be taken away, since no license asks
-- for them any more, and which are to be given again. Nobody takes over a lease under which something is taken away. Of a license
-- that opens nothing for being of a test purchase nothing is taken away.
UPDATE grants
SET state = iif(wanted, 'pending', 'revoking'), since_at = iif(state = iif(wanted, 'pending', 'revoking'), since_at, :now),
    until_at = NULL, turn_at = iif(wanted, turn_at, NULL), reason = NULL, removing_until_at = iif(wanted, removing_until_at, :until),
    history = iif(state = iif(wanted, 'pending', 'revoking'), history,
                  json_insert(history, '$[#]', json_object(
                    'at', CAST(:now AS INTEGER), 'state', iif(wanted, 'pending', 'revoking'),
                    'cause', iif(wanted, 'entitled', 'not_entitled'))))
FROM (
  SELECT g.id AS grant_id,
    EXISTS (SELECT 1 FROM claims c
            WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
              AND c.status IN ('active', 'suspended') AND c.good_until > :now AND c.test <= :allow_test) AS wanted,
    EXISTS (SELECT 1 FROM claims c WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo)
      AND NOT EXISTS (SELECT 1 FROM claims c
                      WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                        AND (c.status = 'revoked' OR c.good_until <= :now)) AS tests_off
  FROM outbox o JOIN grants g ON g.id = o.subject
  WHERE o.queue = 'grants' AND o.next_attempt_at = :until AND o.lease_id = :lease_id)
WHERE id = grant_id AND (NOT wanted OR state IN ('revoking', 'revoked'))
  AND (wanted OR NOT tests_off OR state IN ('revoking', 'revoked'))
