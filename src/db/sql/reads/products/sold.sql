-- The licenses that may be of entries of the catalogue, by their product or their variant: of each id no more than :most.
SELECT e.key AS place, coalesce(l.section, l.source) AS section, l.product_id, l.variant_id, lower(l.email) AS email
FROM json_each(:ids) e
CROSS JOIN licenses l ON l.license_key IN (
  SELECT license_key FROM (
    SELECT p.license_key FROM licenses p WHERE p.product_id = e.value
    UNION ALL
    SELECT v.license_key FROM licenses v WHERE v.variant_id IS NOT NULL AND v.variant_id = e.value
  ) LIMIT :most)
