-- Forgets the oldest of who asked, whose links are over for long.
DELETE FROM recoveries WHERE id IN (SELECT id FROM recoveries WHERE created_at < :before ORDER BY created_at LIMIT :count)
