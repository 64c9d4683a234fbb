-- Deliveries by id, and all that are about an order of theirs or of licenses.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT e.id, e.source, e.list, e.event_type, e.order_id, e.received_at, e.processed_at, e.attempts, e.next_attempt_at,
       e.trace_id, e.stuck_at, e.reason AS event_reason, s.license_key, s.state, s.since, s.reason,
       coalesce(e.error, x.last_error) AS error,
       coalesce(
         l.product_id,
         (SELECT i.product_id FROM order_items i WHERE i.source = e.source AND i.order_id = e.order_id LIMIT 1),
         (SELECT u.product_id FROM unmapped_lines u WHERE u.event_id = e.id LIMIT 1)) AS product_id,
       coalesce(nullif(l.email, ''), nullif(o.email, ''), e.email) AS email
FROM webhook_events e JOIN sale_states s ON s.event_id = e.id
LEFT JOIN licenses l ON l.license_key = s.license_key
LEFT JOIN orders o ON o.source = e.source AND o.order_id = e.order_id
LEFT JOIN outbox x ON x.id = s.outbox_id
WHERE e.id IN (
  SELECT value FROM json_each(:events)
  UNION ALL
  SELECT d.id FROM scope CROSS JOIN webhook_events d ON d.source = scope.source AND d.order_id = scope.order_id)
ORDER BY e.id
