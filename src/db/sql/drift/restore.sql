-- Notes that access is to be given again which was found missing, unless somebody has canceled it or it was given up.
INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
SELECT c.grant_id, c.github_user_id, c.github_username, c.repo, 'pending', :now,
       json_array(json_object('at', CAST(:now AS INTEGER), 'state', 'pending', 'cause', 'drift',
                              'source', c.source, 'order_id', c.order_id))
FROM drift d
JOIN open_claims c ON c.github_user_id = d.github_user_id AND c.repo = d.repo
LEFT JOIN outbox o ON o.kind = 'grant' AND o.subject = c.grant_id
WHERE d.repo = :repo AND d.kind = 'missing' AND d.found_at = :now AND c.good_until > :now AND c.test <= :allow_test
  AND coalesce(o.state, '') <> 'dead' AND coalesce(o.outcome, '') <> 'canceled'
ON CONFLICT (id) DO UPDATE SET
  state = 'pending', since_at = excluded.since_at, until_at = NULL, reason = NULL, renewals = 0,
  history = json_insert(grants.history, '$[#]', excluded.history -> '$[0]')
WHERE grants.since_at < :now
