-- Records the lines of an order, as long as its delivery stands. The first delivery that names a line is believed.
INSERT INTO order_items (source, order_id, line, product_id, variant_id, quantity)
SELECT :source, :order_id, value ->> '$.line', value ->> '$.product_id', value ->> '$.variant_id', value ->> '$.quantity'
FROM webhook_events e, json_each(:lines) WHERE e.id = :event_id AND e.processed = 0
ON CONFLICT (source, order_id, line) DO NOTHING
