-- A page of deliveries, newest first. It looks at no more than :window, however few of them are asked for.
SELECT e.id, e.source, e.list, e.event_type, e.order_id, e.received_at, e.processed_at, e.attempts, e.next_attempt_at,
       e.trace_id, s.license_key, s.state, s.since, s.reason, coalesce(e.error, x.last_error) AS error,
       coalesce(
         l.product_id,
         (SELECT i.product_id FROM order_items i WHERE i.source = e.source AND i.order_id = e.order_id LIMIT 1),
         (SELECT u.product_id FROM unmapped_lines u WHERE u.event_id = e.id LIMIT 1)) AS product_id,
       coalesce(nullif(l.email, ''), nullif(o.email, ''), e.email) AS email
FROM webhook_events e JOIN sale_states s ON s.event_id = e.id
LEFT JOIN licenses l ON l.license_key = s.license_key
LEFT JOIN orders o ON o.source = e.source AND o.order_id = e.order_id
LEFT JOIN outbox x ON x.id = s.outbox_id
WHERE e.id < coalesce(:cursor, '~')
  AND e.id >= max(coalesce(:since_id, ''), coalesce((
    SELECT w.id FROM webhook_events w WHERE w.id < coalesce(:cursor, '~') ORDER BY w.id DESC LIMIT 1 OFFSET :window - 1), ''))
  AND (:source IS NULL OR e.source = :source)
  AND (:state IS NULL OR s.state = :state)
ORDER BY e.id DESC
LIMIT :count
