-- Where a page of grants ends its looking, if there may be more behind it: the last of the :window that it looks at.
SELECT id FROM grants WHERE id > coalesce(:cursor, '') ORDER BY id LIMIT 1 OFFSET :window - 1
