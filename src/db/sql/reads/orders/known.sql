-- The orders of deliveries and of licenses.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT o.source, o.order_id, o.email, o.name, o.amount_cents, o.currency, o.offer_code, o.variants, o.custom_fields,
       o.country, o.subscription_id, o.test, o.sold_at,
       (SELECT json_group_array(json_array(i.line, i.product_id, i.variant_id, i.quantity)) FROM order_items i
        WHERE i.source = o.source AND i.order_id = o.order_id) AS lines
FROM scope CROSS JOIN orders o ON o.source = scope.source AND o.order_id = scope.order_id
