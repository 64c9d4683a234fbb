-- Notes that the new account of a transferred license is to have what the license opens. It goes after the license was bound
-- anew. The login stays by which an invitation was asked for whose answer nobody knows.
INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
SELECT c.grant_id, c.github_user_id, c.github_username, c.repo, 'pending', :now,
       json_array(json_object('at', CAST(:now AS INTEGER), 'state', 'pending', 'cause', 'transfer',
                              'source', c.source, 'order_id', c.order_id))
FROM open_claims c
WHERE c.license_key = :key AND c.good_until > :now AND c.test <= :allow_test
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
ON CONFLICT (id) DO UPDATE SET
  github_username = iif(
    grants.in_doubt OR EXISTS (SELECT 1 FROM outbox o
                               WHERE o.kind = 'grant' AND o.subject = grants.id AND o.silent_claims > 0),
    grants.github_username, excluded.github_username),
  state = 'pending', since_at = excluded.since_at, until_at = NULL, reason = NULL, renewals = 0,
  history = json_insert(grants.history, '$[#]', excluded.history -> '$[0]')
