-- Ends a delivery of which nothing is to come: whoever is at it right now finds that it does not stand any more. What it is, and
-- which order it is about, is noted as far as it was understood, so that nothing brings it back.
UPDATE webhook_events
SET processed = 1, processed_at = :now, reason = 'dismissed', error = NULL, next_attempt_at = NULL, stuck_at = NULL,
    silent_claims = 0, event_type = coalesce(:event_type, event_type), order_id = coalesce(order_id, :order_id)
WHERE id = :id AND processed = 0
