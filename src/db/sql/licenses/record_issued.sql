-- Records a storefront's own key, as its delivery brought it, unless the operator has given another one for it. What was said
-- of the order may have come before it.
INSERT INTO licenses (license_key, source, order_id, line, storefront_key_id, product_id, variant_id, tier, email, name,
                      status, test, issued_at, expires_at, event_id)
SELECT :key, :source, :order_id, :line, :storefront_key_id, :product_id, :variant_id, :tier, :email, :name,
       coalesce((SELECT min(status) FROM order_consequences WHERE source = :source AND order_id = :order_id), 'active'),
       :test, :now, :expires_at, :event_id
WHERE NOT EXISTS (SELECT 1 FROM answered_by_hand h
                  WHERE h.source = :source AND h.order_id = :order_id
                    AND coalesce(h.storefront_key_id = :storefront_key_id, h.line = :line))
ON CONFLICT DO NOTHING
