-- Notes that the grants of a license are wanted that `grants/lease_requested` has leased, which goes before it. Those that stand
-- so already are left as they are. The login stays by which an invitation was asked for whose answer nobody knows.
INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
SELECT c.grant_id, c.github_user_id, c.github_username, c.repo, 'pending', :now,
       json_array(json_object('at', CAST(:now AS INTEGER), 'state', 'pending', 'cause', 'activation',
                              'source', c.source, 'order_id', c.order_id))
FROM open_claims c JOIN outbox o ON o.kind = 'grant' AND o.subject = c.grant_id
WHERE c.license_key = :key AND o.lease_id = :lease_id
ON CONFLICT (id) DO UPDATE SET
  github_username = iif(
    grants.in_doubt OR EXISTS (SELECT 1 FROM outbox o
                               WHERE o.kind = 'grant' AND o.subject = grants.id AND o.silent_claims > 1),
    grants.github_username, excluded.github_username),
  since_at = iif(grants.state IN ('pending', 'invited', 'member'), grants.since_at, excluded.since_at),
  history = iif(grants.state IN ('pending', 'invited', 'member'), grants.history,
                json_insert(iif(json_array_length(grants.history) < 200, grants.history, json_remove(grants.history, '$[1]')),
                            '$[#]', excluded.history -> '$[0]')),
  renewals = 0,
  until_at = iif(grants.state = 'invited', grants.until_at, NULL), reason = NULL,
  state = iif(grants.state IN ('invited', 'member'), grants.state, 'pending')
WHERE grants.state NOT IN ('pending', 'invited', 'member') OR grants.github_username <> excluded.github_username
   OR grants.reason IS NOT NULL OR grants.renewals > 0
