-- Notes which of these grants nothing asks for any more, now that licenses have ceased to open their repositories: a list of [grant,
-- license key]. A suspended license takes nothing away.
UPDATE grants
SET state = 'revoking', since_at = :now, until_at = NULL, turn_at = NULL, reason = NULL,
    history = json_insert(history, '$[#]', json((
      SELECT json_object('at', CAST(:now AS INTEGER), 'state', 'revoking', 'cause', 'sync',
                         'source', l.source, 'order_id', l.order_id)
      FROM json_each(:released) released JOIN licenses l ON l.license_key = released.value ->> 1
      WHERE released.value ->> 0 = grants.id
      LIMIT 1)))
WHERE state <> 'revoked' AND id IN (SELECT value ->> 0 FROM json_each(:released))
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
  AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo
      AND c.status IN ('active', 'suspended') AND c.good_until > :now AND c.test <= :allow_test)
