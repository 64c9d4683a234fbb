-- Of each storefront: when its last delivery by webhook came, among the newest.
WITH recent AS MATERIALIZED (
  SELECT source, received_at, list FROM webhook_events WHERE id < '~' ORDER BY id DESC LIMIT :newest)
SELECT s.value AS source,
       (SELECT max(received_at) FROM recent WHERE source = s.value AND list IS NULL) AS last_delivery_at
FROM json_each(:sources) s
