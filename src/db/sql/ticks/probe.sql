-- Asks nothing but whether the database answers. Reads no row.
SELECT 1 AS alive
