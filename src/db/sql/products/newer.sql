-- The catalogue, where its version is another than the known one; else no row. Without products there is one row, whose
-- source and entry are null.
SELECT c.version, p.source, p.entry
FROM catalogue c LEFT JOIN products p ON TRUE
WHERE c.id = 1 AND c.version IS NOT :known
ORDER BY p.position
