-- Nothing waits any more for a product that the recorded replacement has mapped.
DELETE FROM unmapped_lines
WHERE EXISTS (SELECT 1 FROM products p
              WHERE p.source = unmapped_lines.source AND p.product_id = unmapped_lines.product_id
                AND p.variant_id IN ('', unmapped_lines.variant_id))
  AND (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
