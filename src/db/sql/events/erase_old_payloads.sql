-- Erases the oldest payloads that nothing needs any more. A delivery that still waits keeps its payload, however old it
-- is: without it nothing could come of it.
UPDATE webhook_events SET payload = NULL
WHERE rowid IN (SELECT rowid FROM webhook_events
                WHERE received_at < :before AND payload IS NOT NULL AND processed = 1
                ORDER BY received_at LIMIT :count)
