-- Where a page of orders ends its looking, if there may be more behind it: the last of the 500 that it looks at.
SELECT source, order_id FROM orders
WHERE (source, order_id) > (:after_source, :after_order)
ORDER BY source, order_id LIMIT 1 OFFSET 499
