-- What operators changed of deliveries by id, and of everything that is about their orders or about those of licenses.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT a.id, a.action, a.target, a.reason, a.actor, a.detail, a.acted_at, a.trace_id
FROM admin_actions a
WHERE a.target IN (
  SELECT value FROM json_each(:events)
  UNION ALL
  SELECT d.id FROM scope CROSS JOIN webhook_events d ON d.source = scope.source AND d.order_id = scope.order_id
  UNION ALL
  SELECT l.license_key FROM scope CROSS JOIN licenses l ON l.source = scope.source AND l.order_id = scope.order_id)
ORDER BY a.id
