-- Notes why a delivery could not be processed. Without a next attempt it waits for a person; but one that failed under an
-- older catalogue than the newest is tried again at once, since whoever changed the catalogue did not find it waiting.
-- A try that does not count is taken back. What would wait for a person is over if a list has it and the operator has dismissed the
-- same before.
UPDATE webhook_events
SET processed = over, processed_at = iif(over, :now, NULL), reason = iif(over, 'dismissed', :reason),
    error = iif(over, NULL, :error), silent_claims = 0, event_type = coalesce(:event_type, event_type),
    order_id = coalesce(:order_id, order_id),
    storefront_key_id = coalesce(:storefront_key_id, storefront_key_id), email = coalesce(:email, email),
    attempts = coalesce(min(attempts, :attempts), attempts),
    next_attempt_at = CASE WHEN over THEN NULL
                           WHEN :catalogue_version < (SELECT version FROM catalogue WHERE id = 1) THEN :now
                           ELSE :next_attempt_at END,
    stuck_at = CASE WHEN NOT over AND :next_attempt_at IS NULL
                     AND NOT coalesce(:catalogue_version < (SELECT version FROM catalogue WHERE id = 1), 0)
                    THEN coalesce(stuck_at, :now) END
FROM (
  SELECT :next_attempt_at IS NULL AND f.list IS NOT NULL AND EXISTS (
           SELECT 1 FROM webhook_events d
           WHERE d.source = f.source AND d.order_id = coalesce(:order_id, f.order_id)
             AND d.event_type = coalesce(:event_type, f.event_type) AND d.reason = 'dismissed' AND d.processed = 1
             AND d.storefront_key_id IS coalesce(:storefront_key_id, f.storefront_key_id)) AS over
  FROM webhook_events f WHERE f.id = :id)
WHERE id = :id AND processed = 0
