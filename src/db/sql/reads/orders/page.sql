-- A page of orders, by storefront and id. It looks at no more than 500, however few of them are asked for.
SELECT o.source, o.order_id, o.email, o.name, o.amount_cents, o.currency, o.offer_code, o.variants, o.custom_fields,
       o.country, o.subscription_id, o.test, o.sold_at,
       (SELECT json_group_array(json_array(i.line, i.product_id, i.variant_id, i.quantity)) FROM order_items i
        WHERE i.source = o.source AND i.order_id = o.order_id) AS lines
FROM (SELECT source, order_id FROM orders WHERE (source, order_id) > (:after_source, :after_order)
      ORDER BY source, order_id LIMIT 500) looked
CROSS JOIN orders o ON o.source = looked.source AND o.order_id = looked.order_id
WHERE (:source IS NULL OR o.source = :source)
  AND (:order_id IS NULL OR o.order_id = :order_id)
  AND (:email IS NULL OR lower(o.email) = :email)
ORDER BY o.source, o.order_id
LIMIT :count
