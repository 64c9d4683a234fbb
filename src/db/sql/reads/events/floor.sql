-- Where a page of deliveries ends its looking, if there is more behind it: the last of the :window that it looks at.
SELECT id FROM webhook_events
WHERE id < coalesce(:cursor, '~') AND id >= coalesce(:since_id, '')
ORDER BY id DESC LIMIT 1 OFFSET :window - 1
