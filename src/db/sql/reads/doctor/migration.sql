-- Which migration was applied last.
SELECT name FROM d1_migrations WHERE id > 0 ORDER BY id DESC LIMIT 1
