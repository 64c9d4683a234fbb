-- A delivery after it was to be processed again, or before it is dismissed, with the version of the catalogue.
SELECT id, source, list, payload, attempts, processed, order_id, reason,
       (SELECT version FROM catalogue WHERE id = 1) AS catalogue_version
FROM webhook_events WHERE id = :id
