-- Counts a good key of a product that the catalogue does not name.
INSERT INTO unmapped_products (source, product_id, variant_id, first_seen_at, last_seen_at)
VALUES (:source, :product_id, coalesce(:variant_id, ''), :now, :now)
ON CONFLICT (source, product_id, variant_id) DO UPDATE SET
  last_seen_at = excluded.last_seen_at, times = unmapped_products.times + 1
