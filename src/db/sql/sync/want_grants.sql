-- Notes that access is to be given which licenses have come to open: a list of [license key, repository, 'add' or 'raise']. More
-- permission is no reason to invite somebody again who has declined. Where neither is said, another license opens it already; then
-- only what has been taken away since is to be given again. The login stays by which an invitation was asked for whose answer nobody
-- knows.
INSERT INTO grants (id, github_user_id, github_username, repo, state, since_at, history)
SELECT c.grant_id, c.github_user_id, c.github_username, c.repo, 'pending', :now,
       json_array(json_object('at', CAST(:now AS INTEGER), 'state', 'pending', 'cause', 'sync',
                              'source', c.source, 'order_id', c.order_id))
FROM json_each(:wanted) wanted
JOIN open_claims c ON c.license_key = wanted.value ->> 0 AND c.repo = wanted.value ->> 1
WHERE c.good_until > :now AND c.test <= :allow_test
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
  AND CASE wanted.value ->> 2
        WHEN 'add' THEN 1
        WHEN 'raise' THEN NOT EXISTS (SELECT 1 FROM grants g
                                      WHERE g.id = c.grant_id AND g.state IN ('declined', 'expired', 'removed_by_hand'))
        ELSE NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = c.grant_id AND g.state NOT IN ('revoking', 'revoked'))
      END
ON CONFLICT (id) DO UPDATE SET
  github_username = iif(
    grants.in_doubt OR EXISTS (SELECT 1 FROM outbox o
                               WHERE o.kind = 'grant' AND o.subject = grants.id AND o.silent_claims > 0),
    grants.github_username, excluded.github_username),
  state = 'pending', since_at = excluded.since_at, until_at = NULL, reason = NULL, renewals = 0,
  history = json_insert(grants.history, '$[#]', excluded.history -> '$[0]')
