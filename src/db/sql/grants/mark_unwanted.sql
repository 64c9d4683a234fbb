-- Notes which grants nothing asks for any more, now that these licenses are about to be revoked, or to have ended by what was
-- said of their end. A suspended license takes nothing away. It goes before the licenses get their new status and end, by which
-- it tells that something changes.
UPDATE grants
SET state = 'revoking', since_at = :now, until_at = NULL, turn_at = NULL, reason = NULL,
    history = json_insert(history, '$[#]', json_object(
      'at', CAST(:now AS INTEGER), 'state', 'revoking', 'cause', 'not_entitled',
      'source', coalesce(:source, (SELECT source FROM licenses WHERE license_key = :key)),
      'order_id', coalesce(:order_id, (SELECT order_id FROM licenses WHERE license_key = :key))))
WHERE state <> 'revoked'
  AND id IN (SELECT c.grant_id FROM claims c JOIN license_standings s ON s.license_key = c.license_key
             WHERE c.status <> 'revoked' AND c.ended = 0 AND (s.status = 'revoked' OR s.good_until <= :now)
               AND c.license_key IN (SELECT license_key FROM licenses WHERE license_key = :key
                                     UNION ALL
                                     SELECT license_key FROM licenses WHERE source = :source AND order_id = :order_id))
  AND NOT EXISTS (
    SELECT 1 FROM claims c JOIN license_standings s ON s.license_key = c.license_key
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo
      AND s.status IN ('active', 'suspended') AND s.good_until > :now AND c.test <= :allow_test)
