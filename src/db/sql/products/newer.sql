-- The catalogue, where its version is another than the known one; else no row. Without products there is one row, whose
-- source and entry are null. The first row has the descriptions.
SELECT c.version, p.source, p.entry,
       iif(p.position IS (SELECT min(f.position) FROM products f), c.descriptions, NULL) AS descriptions
FROM catalogue c LEFT JOIN products p ON TRUE
WHERE c.id = 1 AND c.version IS NOT :known
ORDER BY p.position
