-- Where a page of the outbox ends its looking, if there may be more behind it: the last of the :window rows that it looks at.
SELECT id FROM outbox WHERE id < :before ORDER BY id DESC LIMIT 1 OFFSET :window - 1
