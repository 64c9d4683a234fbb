-- Records what was seen of grants that were invited, unless they have changed since they were read, or somebody is at them: who
-- that is finds out the same, and more. An invitation that expired stays recorded as one where `watches/renew` makes another, which
-- it does not where that was given up.
UPDATE grants
SET state = seen, since_at = :now, until_at = NULL, reason = NULL,
    invitation_id = iif(seen IN ('member', 'declined'), NULL, invitation_id), renewals = iif(seen = 'member', 0, renewals),
    history = json_insert(history, '$[#]', json_object('at', CAST(:now AS INTEGER), 'state', seen, 'cause', 'look'))
FROM (SELECT value ->> '$.id' AS seen_id, value ->> '$.until_at' AS seen_until_at, value ->> '$.state' AS seen
      FROM json_each(:learned))
WHERE id = seen_id AND state = 'invited' AND until_at = seen_until_at
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.state = 'leased')
  AND NOT (seen = 'expired' AND renewals < :most_renewals
           AND EXISTS (SELECT 1 FROM open_claims c
                       WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo
                         AND c.good_until > :now AND c.test <= :allow_test)
           AND EXISTS (SELECT 1 FROM outbox o
                       WHERE o.kind = 'grant' AND o.subject = grants.id AND o.state <> 'dead' AND o.outcome IS NOT 'canceled'))
