-- When the last tick began.
SELECT started_at FROM cron WHERE id = 1
