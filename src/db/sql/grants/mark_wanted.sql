-- Notes which grants are asked for, now that these licenses are about to become good, whatever was seen of them: meanwhile
-- an invitation may have been declined. Whom the seller has removed by hand stays out. It goes before the licenses get their new
-- status and end, by which it tells that something changes.
UPDATE grants
SET state = 'pending', since_at = :now, until_at = NULL, reason = NULL, renewals = 0,
    history = json_insert(history, '$[#]', json_object(
      'at', CAST(:now AS INTEGER), 'state', 'pending', 'cause', 'entitled',
      'source', coalesce(:source, (SELECT source FROM licenses WHERE license_key = :key)),
      'order_id', coalesce(:order_id, (SELECT order_id FROM licenses WHERE license_key = :key))))
WHERE state <> 'removed_by_hand'
  AND id IN (SELECT c.grant_id FROM claims c JOIN license_standings s ON s.license_key = c.license_key
             WHERE (c.status <> 'active' OR c.ended = 1 OR c.good_until <= :now)
               AND s.status = 'active' AND s.good_until > :now AND c.test <= :allow_test
               AND c.license_key IN (SELECT license_key FROM licenses WHERE license_key = :key
                                     UNION ALL
                                     SELECT license_key FROM licenses WHERE source = :source AND order_id = :order_id))
