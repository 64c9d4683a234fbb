-- Those of a person's deliveries that are not processed, or of which it is not known which order they are about.
SELECT id, source, list, payload, attempts, processed FROM webhook_events
WHERE id IN (SELECT value FROM json_each(:events)) AND payload IS NOT NULL AND (processed = 0 OR order_id IS NULL)
