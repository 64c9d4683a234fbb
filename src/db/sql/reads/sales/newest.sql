-- The newest :most orders that were sold within a period, each with its lines, with what was said of it since, and with whether a
-- license of it waits for its buyer.
SELECT o.amount_cents, o.currency, o.test, o.sold_at,
       (SELECT json_group_array(json_array(o.source, i.product_id, i.quantity))
        FROM order_items i WHERE i.source = o.source AND i.order_id = o.order_id) AS items,
       EXISTS (SELECT 1 FROM order_facts f
               WHERE f.source = o.source AND f.order_id = o.order_id AND f.fact = 'refunded') AS refunded,
       EXISTS (SELECT 1 FROM order_facts f
               WHERE f.source = o.source AND f.order_id = o.order_id AND f.fact = 'partially_refunded') AS refunded_in_part,
       EXISTS (SELECT 1 FROM licenses l
               WHERE l.source = o.source AND l.order_id = o.order_id AND l.status = 'active'
                 AND NOT EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = l.license_key)) AS waits
FROM orders o
WHERE o.sold_at >= :since AND o.sold_at < :until
ORDER BY o.sold_at DESC
LIMIT :most
