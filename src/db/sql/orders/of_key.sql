-- What there is of a storefront's key: whether it has a license, be it one that the operator has given for it, and the line of
-- its order that bought the product, with its variant.
SELECT EXISTS (SELECT 1 FROM licenses l
               WHERE l.source = :source AND l.order_id = :order_id AND l.storefront_key_id = :storefront_key_id)
         OR EXISTS (SELECT 1 FROM answered_by_hand h
                    WHERE h.source = :source AND h.order_id = :order_id AND h.storefront_key_id = :storefront_key_id) AS licensed,
       i.line, i.variant_id
FROM (SELECT 1)
LEFT JOIN order_items i ON i.source = :source AND i.order_id = :order_id AND i.product_id = :product_id
LIMIT 1
