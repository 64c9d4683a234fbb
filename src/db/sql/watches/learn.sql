-- Records what was seen of grants that were invited, unless they have changed since they were read, or somebody is at them: who
-- that is finds out the same, and more.
UPDATE grants
SET state = seen, since_at = :now, until_at = NULL, reason = NULL, invitation_id = iif(seen = 'member', NULL, invitation_id)
FROM (SELECT value ->> '$.id' AS seen_id, value ->> '$.until_at' AS seen_until_at, value ->> '$.state' AS seen
      FROM json_each(:learned))
WHERE id = seen_id AND state = 'invited' AND until_at = seen_until_at
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.state = 'leased')
