-- Erases the oldest payloads that nothing needs any more, and those of deliveries that have waited for longest of all. Of one that
-- still waits nothing can come by itself any more, so from then on it waits for a person; whose it is stays on it.
UPDATE webhook_events
SET payload = NULL, email = iif(processed = 1, NULL, email), reason = iif(processed = 1, reason, 'payload_erased'),
    error = iif(processed = 1, NULL, :error), next_attempt_at = NULL, stuck_at = iif(processed = 1, NULL, coalesce(stuck_at, :now))
WHERE rowid IN (
  SELECT rowid FROM (SELECT rowid FROM webhook_events
                     WHERE received_at < :before AND payload IS NOT NULL AND processed = 1
                     ORDER BY received_at LIMIT :count)
  UNION ALL
  SELECT rowid FROM (SELECT rowid FROM webhook_events
                     WHERE received_at < :waiting_before AND payload IS NOT NULL AND processed = 0
                     ORDER BY received_at LIMIT :count))
