-- Notes which products a delivery waits for, so that mapping one of them makes it due.
INSERT INTO unmapped_lines (event_id, source, product_id, variant_id)
SELECT e.id, e.source, value ->> '$.product_id', coalesce(value ->> '$.variant_id', '')
FROM webhook_events e, json_each(:lines)
WHERE e.id = :id AND e.processed = 0
ON CONFLICT DO NOTHING
