-- A person's orders.
SELECT o.source, o.order_id, o.email, o.name, o.amount_cents, o.currency, o.offer_code, o.variants, o.custom_fields,
       o.country, o.subscription_id, o.test, o.sold_at,
       (SELECT json_group_array(json_array(i.line, i.product_id, i.variant_id, i.quantity)) FROM order_items i
        WHERE i.source = o.source AND i.order_id = o.order_id) AS lines
FROM orders o WHERE lower(o.email) = :email
