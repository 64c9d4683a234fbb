-- Of each storefront: when its last delivery by webhook came, among the newest; and since when all deliveries are among these.
WITH recent AS MATERIALIZED (
  SELECT source, received_at, list FROM webhook_events WHERE id < '~' ORDER BY id DESC LIMIT :newest)
SELECT s.value AS source,
       (SELECT max(received_at) FROM recent WHERE source = s.value AND list IS NULL) AS last_delivery_at,
       (SELECT iif(count(*) < :newest, 0, min(received_at)) FROM recent) AS looked_since
FROM json_each(:sources) s
