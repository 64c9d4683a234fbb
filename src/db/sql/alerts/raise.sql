-- Raises an alert, unless there was one of the same cause within the hour, in either direction for a clock that was set
-- back.
INSERT INTO alerts (id, cause, detail, created_at)
SELECT :id, :cause, :detail, :now
WHERE NOT EXISTS (SELECT 1 FROM alerts
                  WHERE cause = :cause AND created_at > :now - 3600000 AND created_at < :now + 3600000)
ON CONFLICT (id) DO NOTHING
