-- The products that were sold, or whose key was used, and that the catalogue does not name, with how often.
SELECT source, product_id, variant_id, sum(times) AS times
FROM (
  SELECT source, product_id, variant_id, count(*) AS times FROM unmapped_lines GROUP BY source, product_id, variant_id
  UNION ALL
  SELECT source, product_id, variant_id, times FROM unmapped_products
)
GROUP BY source, product_id, variant_id
ORDER BY times DESC, source, product_id, variant_id
LIMIT :most
