-- Notes that a tick began.
INSERT INTO cron (id, started_at) VALUES (1, :now)
ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at
