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
    SELECT id FROM (SELECT id, source FROM webhook_events INDEXED BY webhook_events_stuck_newest
                    WHERE stuck_at IS NOT NULL AND id < coalesce(:cursor, '~') AND id >= coalesce(:since_id, '')
                      AND (:source IS NULL OR source = :source)
                    ORDER BY id DESC LIMIT :count)
    UNION ALL
    SELECT b.event_id FROM outbox x INDEXED BY outbox_died CROSS JOIN licenses b ON b.license_key = x.subject
    WHERE x.died_at > 0 AND x.kind <> 'alert_mail' AND x.kind = 'license_mail'
    UNION ALL
    SELECT b.event_id FROM outbox x INDEXED BY outbox_blocked CROSS JOIN licenses b ON b.license_key = x.subject
    WHERE x.person_needed = 1 AND x.created_at > 0 AND x.kind = 'license_mail'
    UNION ALL
    SELECT b.event_id
    FROM outbox x INDEXED BY outbox_died CROSS JOIN claims c ON c.github_user_id = CAST(x.subject AS INTEGER) AND c.grant_id = x.subject
    CROSS JOIN licenses b ON b.license_key = c.license_key
    WHERE x.died_at > 0 AND x.kind <> 'alert_mail' AND x.kind = 'grant'
    UNION ALL
    SELECT b.event_id
    FROM outbox x INDEXED BY outbox_blocked
    CROSS JOIN claims c ON c.github_user_id = CAST(x.subject AS INTEGER) AND c.grant_id = x.subject
    CROSS JOIN licenses b ON b.license_key = c.license_key
    WHERE x.person_needed = 1 AND x.created_at > 0 AND x.kind = 'grant')
  AND e.id < coalesce(:cursor, '~')
  AND e.id >= coalesce(:since_id, '')
  AND (:source IS NULL OR e.source = :source)
  AND s.state = 'needs_seller'
ORDER BY e.id DESC
LIMIT :count
