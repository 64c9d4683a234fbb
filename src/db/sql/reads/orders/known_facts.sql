-- What the storefronts have said of the orders of deliveries and of licenses.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT f.source, f.order_id, f.fact, f.said_at
FROM scope CROSS JOIN order_facts f ON f.source = scope.source AND f.order_id = scope.order_id
