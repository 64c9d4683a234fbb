-- The line of an order that bought a product, with its variant.
SELECT line, variant_id FROM order_items
WHERE source = :source AND order_id = :order_id AND product_id = :product_id
LIMIT 1
