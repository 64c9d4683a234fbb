-- The products that something waits for and that the catalogue does not name, each with its newest delivery: of the newest 200
-- lines that wait, and of 100 products whose keys were used.
WITH lines AS MATERIALIZED (
  SELECT event_id, source, product_id, variant_id FROM unmapped_lines WHERE event_id < '~' ORDER BY event_id DESC LIMIT 200
), used AS MATERIALIZED (
  SELECT source, product_id, variant_id, times FROM unmapped_products WHERE source < '~' ORDER BY source LIMIT 100
), found AS (
  SELECT source, product_id, variant_id, sum(deliveries) AS deliveries, sum(keys) AS keys, max(event_id) AS event_id
  FROM (
    SELECT source, product_id, variant_id, 1 AS deliveries, 0 AS keys, event_id FROM lines
    UNION ALL
    SELECT source, product_id, variant_id, 0, times, NULL FROM used
  )
  GROUP BY source, product_id, variant_id
  ORDER BY deliveries DESC, keys DESC, source, product_id, variant_id
  LIMIT :most
)
SELECT f.source, f.product_id, f.variant_id, f.deliveries, f.keys, f.event_id,
       (SELECT CAST(e.payload AS BLOB) FROM webhook_events e WHERE e.id = f.event_id AND length(e.payload) <= 100000) AS payload
FROM found f
ORDER BY f.deliveries DESC, f.keys DESC, f.source, f.product_id, f.variant_id
