-- Makes a delivery as if it had just arrived, to be picked up once it counts as abandoned unless it is processed before; one that
-- was dismissed is dismissed no more. Why it was not processed stands until it is tried.
UPDATE webhook_events
SET attempts = 1, next_attempt_at = :abandoned_at, stuck_at = NULL, processed = 0, processed_at = NULL,
    reason = nullif(reason, 'dismissed')
WHERE id = :id AND (processed = 0 OR reason = 'dismissed') AND payload IS NOT NULL
