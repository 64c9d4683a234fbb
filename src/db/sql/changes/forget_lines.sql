-- Nothing that is processed waits for a product to be mapped.
DELETE FROM unmapped_lines
WHERE EXISTS (SELECT 1 FROM webhook_events e WHERE e.id = unmapped_lines.event_id AND e.processed = 1)
