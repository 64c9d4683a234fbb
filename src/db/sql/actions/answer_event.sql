-- Marks the delivery as processed that a license by hand answers. Whose it is stays on it, since its order may not be recorded; of
-- who was erased it keeps nothing.
UPDATE webhook_events
SET processed = 1, processed_at = :now, reason = 'issued_by_hand', error = NULL, next_attempt_at = NULL, stuck_at = NULL,
    payload = iif(EXISTS (SELECT 1 FROM erased_orders x
                          WHERE x.source = webhook_events.source AND x.order_id = webhook_events.order_id), NULL, payload),
    order_id = coalesce(webhook_events.order_id, a.detail ->> '$.order_id')
FROM admin_actions a
WHERE a.id = :action_id AND webhook_events.id = :event_id AND webhook_events.processed = 0
