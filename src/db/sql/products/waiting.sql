-- How many deliveries would become due if these were the products and the descriptions. Only reads.
SELECT count(*) AS waiting FROM webhook_events
WHERE processed = 0 AND stuck_at IS NOT NULL AND payload IS NOT NULL
  AND id IN (SELECT u.event_id FROM json_each(:entries) given
             JOIN unmapped_lines u ON u.source = given.value ->> '$[0]' AND u.product_id = given.value ->> '$[1]'
                                  AND (u.variant_id = '' OR given.value ->> '$[2]' IN ('', u.variant_id))
             UNION ALL
             SELECT d.id FROM catalogue c JOIN webhook_events d ON d.stuck_at IS NOT NULL AND d.reason = 'not_described'
             WHERE c.id = 1 AND c.descriptions IS NOT :descriptions)
