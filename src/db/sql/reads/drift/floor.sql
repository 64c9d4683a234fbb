-- Where a page of differences ends its looking, if there may be more behind it: the last of the :window that it looks at.
SELECT id FROM drift WHERE id > coalesce(:cursor, 0) ORDER BY id LIMIT 1 OFFSET :window - 1
