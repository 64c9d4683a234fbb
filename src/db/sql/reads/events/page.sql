-- A page of deliveries, newest first. It looks at no more than :window, however few of them are asked for. Which state a delivery can be
-- in is told by its licenses alone before anything else is read of it, which most of what a filter passes over costs the half.
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
  AND (:state IS NULL OR :state = CASE
    WHEN e.processed = 0 AND e.next_attempt_at IS NULL THEN 'needs_seller'
    WHEN e.processed = 0 THEN 'in_progress'
    ELSE (SELECT CASE min(r.rank) WHEN 1 THEN 'needs_seller' WHEN 2 THEN 'in_progress' WHEN 3 THEN 'waiting_on_github'
                                  WHEN 4 THEN 'waiting_on_buyer' WHEN 5 THEN 'fulfilled' ELSE 'ignored' END
          FROM license_ranks r WHERE r.source = e.source AND r.order_id = e.order_id AND r.event_id = e.id) END)
  AND (:state IS NULL OR s.state = :state)
ORDER BY e.id DESC
LIMIT :count
