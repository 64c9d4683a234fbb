-- Records what a storefront says of an order, unless its delivery was dismissed meanwhile. The first time that something is said
-- stays, and the last as of which it was so.
INSERT INTO order_facts (source, order_id, fact, said_at, as_of)
SELECT :source, :order_id, value, :now, coalesce(:as_of, 0) FROM json_each(:facts)
WHERE NOT EXISTS (SELECT 1 FROM webhook_events e WHERE e.id = :event_id AND e.reason = 'dismissed' AND e.processed = 1)
ON CONFLICT (source, order_id, fact) DO UPDATE SET as_of = excluded.as_of WHERE excluded.as_of > order_facts.as_of
