-- Of each storefront: its last delivery among the newest, how its lists were read back, and what was found in them only.
WITH recent AS MATERIALIZED (
  SELECT source, received_at, list FROM webhook_events WHERE id < '~' ORDER BY id DESC LIMIT :newest)
SELECT s.value AS source,
       (SELECT max(received_at) FROM recent WHERE source = s.value AND list IS NULL) AS last_delivery_at,
       (SELECT min(r.finished_at) FROM reconciliations r WHERE r.source = s.value) AS last_reconciliation_at,
       (SELECT r.error FROM reconciliations r WHERE r.source = s.value AND r.error IS NOT NULL LIMIT 1)
         AS reconciliation_error,
       (SELECT count(*) FROM webhook_events e WHERE e.list IS NOT NULL AND e.received_at > :found_since AND e.source = s.value)
         AS found_by_reconciliation
FROM json_each(:sources) s
