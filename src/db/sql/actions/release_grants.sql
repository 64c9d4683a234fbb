-- Notes that the old account of a transferred license loses what no other license of its own opens. It goes before the
-- license is bound anew.
UPDATE grants
SET state = 'revoking', since_at = :now, until_at = NULL, turn_at = NULL, reason = NULL,
    history = json_insert(history, '$[#]', json((
      SELECT json_object('at', CAST(:now AS INTEGER), 'state', 'revoking', 'cause', 'transfer',
                         'source', l.source, 'order_id', l.order_id)
      FROM licenses l WHERE l.license_key = :key)))
WHERE state <> 'revoked' AND id IN (SELECT c.grant_id FROM claims c WHERE c.license_key = :key AND c.github_user_id <> :user_id)
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
  AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo AND c.license_key <> :key
      AND c.status IN ('active', 'suspended') AND c.good_until > :now AND c.test <= :allow_test)
