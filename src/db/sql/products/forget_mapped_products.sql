-- Forgets the products that the seller was to map and the recorded replacement has mapped.
DELETE FROM unmapped_products
WHERE (EXISTS (SELECT 1 FROM products p
               WHERE p.source = unmapped_products.source AND p.product_id = unmapped_products.product_id
                 AND p.variant_id IN ('', unmapped_products.variant_id))
       OR EXISTS (SELECT 1 FROM products p
                  WHERE p.source = unmapped_products.source AND p.product_id = unmapped_products.variant_id
                    AND p.variant_id = ''))
  AND (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
