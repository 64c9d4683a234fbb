-- Records who is in after all, of those whose invitation was seen declined or expired, or who were removed by hand.
UPDATE grants
SET state = 'member', since_at = :now, until_at = NULL, reason = NULL, renewals = 0,
    history = json_insert(history, '$[#]', json_object('at', CAST(:now AS INTEGER), 'state', 'member', 'cause', 'drift'))
WHERE id IN (SELECT value ->> '$.id' || ':' || lower(:repo) FROM json_each(:seen) WHERE value ->> '$.place' <> 'invitation')
  AND state IN ('declined', 'expired', 'removed_by_hand') AND since_at < :before
  AND EXISTS (SELECT 1 FROM open_claims c
              WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo AND c.good_until > :now)
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.state IN ('due', 'leased'))
