-- Notes which grants nothing asks for any more, now that licenses have ended. Whom the seller has removed by hand has nothing to be
-- taken away, and stays out should the license go on. It goes before these are noted as ended.
UPDATE grants
SET state = 'revoking', since_at = :now, until_at = NULL, turn_at = NULL, reason = NULL,
    history = json_insert(history, '$[#]', json((
      SELECT json_object('at', CAST(:now AS INTEGER), 'state', 'revoking', 'cause', 'license_ended',
                         'source', c.source, 'order_id', c.order_id)
      FROM claims c
      WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo AND c.ended = 0 AND c.good_until <= :now
      LIMIT 1)))
WHERE state NOT IN ('revoked', 'removed_by_hand')
  AND id IN (SELECT c.grant_id FROM claims c
             WHERE c.license_key IN (SELECT license_key FROM licenses WHERE turn_at <= :now AND ends_at <= :now
                                     ORDER BY turn_at LIMIT :count))
  AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo
      AND c.status IN ('active', 'suspended') AND c.good_until > :now AND c.test <= :allow_test)
