-- Ends a delivery of which nothing is to come: whoever is at it right now finds that it does not stand any more. What it is, and
-- which order it is about, is noted as far as it was understood, so that nothing brings it back. Of who was erased it keeps
-- nothing, nor of anybody where it is about a mail: that names somebody and no order.
UPDATE webhook_events
SET processed = 1, processed_at = :now, reason = 'dismissed', error = NULL, next_attempt_at = NULL, stuck_at = NULL,
    silent_claims = 0, event_type = coalesce(:event_type, event_type), order_id = coalesce(order_id, :order_id),
    payload = iif(source IN (SELECT value FROM json_each(:mail_providers))
                    OR EXISTS (SELECT 1 FROM erased_orders x
                               WHERE x.source = webhook_events.source
                                 AND x.order_id = coalesce(webhook_events.order_id, :order_id)), NULL, payload)
WHERE id = :id AND processed = 0
