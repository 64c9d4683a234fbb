-- The access that the licenses of the orders of deliveries and of licenses claim, each with the license.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT c.license_key, g.id, g.github_user_id, g.github_username, g.repo, g.state, g.since_at, g.until_at, g.reason, g.earlier, g.renewals, g.history,
       (SELECT max(p.permission_rank) FROM open_claims p
        WHERE p.github_user_id = g.github_user_id AND p.repo = g.repo) AS permission_rank,
       (SELECT json_group_array(k.license_key) FROM claims k
        WHERE k.github_user_id = g.github_user_id AND k.repo = g.repo) AS licenses
FROM scope
CROSS JOIN licenses l ON l.source = scope.source AND l.order_id = scope.order_id
CROSS JOIN claims c ON c.license_key = l.license_key
CROSS JOIN grants g ON g.id = c.grant_id
