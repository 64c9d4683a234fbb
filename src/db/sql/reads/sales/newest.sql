-- The newest :most orders that were sold from :since on and before :at, or at that time and with a smaller name than the one given,
-- each with its lines, with what holds of what was said of it since, and with whether a license of it waits for its buyer.
SELECT o.source, o.order_id, o.amount_cents, o.currency, o.test, o.sold_at,
       (SELECT json_group_array(json_array(i.product_id, i.quantity))
        FROM order_items i WHERE i.source = o.source AND i.order_id = o.order_id) AS items,
       EXISTS (SELECT 1 FROM standing_facts f
               WHERE f.source = o.source AND f.order_id = o.order_id AND f.fact = 'refunded') AS refunded,
       EXISTS (SELECT 1 FROM standing_facts f
               WHERE f.source = o.source AND f.order_id = o.order_id AND f.fact = 'partially_refunded') AS refunded_in_part,
       EXISTS (SELECT 1 FROM licenses l
               WHERE l.source = o.source AND l.order_id = o.order_id AND l.status = 'active'
                 AND NOT EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = l.license_key)) AS waits
FROM orders o
WHERE o.sold_at >= :since AND (o.sold_at, o.source, o.order_id) < (:at, :source, :order_id)
ORDER BY o.sold_at DESC, o.source DESC, o.order_id DESC
LIMIT :most
