-- How many deliveries would become due if these were the products. Only reads.
SELECT count(DISTINCT e.id) AS waiting
FROM json_each(:entries) given
JOIN unmapped_lines u ON u.source = given.value ->> '$[0]' AND u.product_id = given.value ->> '$[1]'
                     AND (u.variant_id = '' OR given.value ->> '$[2]' IN ('', u.variant_id))
JOIN webhook_events e ON e.id = u.event_id
WHERE e.processed = 0 AND e.stuck_at IS NOT NULL AND e.payload IS NOT NULL
