-- A page of the deliveries that need the seller, newest first: of those that are stuck, and those whose licenses wait for what was given
-- up or for a person, which are few however many deliveries there are.
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
WHERE e.id IN (
    WITH held AS MATERIALIZED (
      SELECT kind, subject FROM outbox WHERE died_at > 0 AND kind <> 'alert_mail'
      UNION ALL
      SELECT kind, subject FROM outbox INDEXED BY outbox_blocked WHERE person_needed = 1 AND created_at > 0
    )
    SELECT id FROM webhook_events WHERE stuck_at > 0
    UNION ALL
    SELECT b.event_id FROM held h CROSS JOIN licenses b ON b.license_key = h.subject WHERE h.kind = 'license_mail'
    UNION ALL
    SELECT b.event_id FROM held h CROSS JOIN claims c ON c.github_user_id = CAST(h.subject AS INTEGER) AND c.grant_id = h.subject
                      CROSS JOIN licenses b ON b.license_key = c.license_key
    WHERE h.kind = 'grant')
  AND e.id < coalesce(:cursor, '~')
  AND e.id >= coalesce(:since_id, '')
  AND (:source IS NULL OR e.source = :source)
  AND s.state = 'needs_seller'
ORDER BY e.id DESC
LIMIT :count
