-- Sees to it that every list has its row: one that has none is due, in the order in which they are given.
INSERT INTO reconciliations (source, list, due_at)
SELECT value ->> '$.source', value ->> '$.list', key FROM json_each(:lists) WHERE true
ON CONFLICT (source, list) DO NOTHING
