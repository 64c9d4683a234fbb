-- Nothing waits any more for a product that the recorded replacement has mapped, and nothing that is processed waits at all.
DELETE FROM unmapped_lines
WHERE (EXISTS (SELECT 1 FROM products p
               WHERE p.source = unmapped_lines.source AND p.product_id = unmapped_lines.product_id
                 AND (unmapped_lines.variant_id = '' OR p.variant_id IN ('', unmapped_lines.variant_id)))
       OR EXISTS (SELECT 1 FROM webhook_events e WHERE e.id = unmapped_lines.event_id AND e.processed = 1))
  AND (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
