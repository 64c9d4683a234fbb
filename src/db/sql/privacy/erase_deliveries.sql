-- Erases what deliveries brought: those that are named, and all about the orders whose buyer is erased in this transaction. One
-- that was not processed yet is over with that: the request wins, and its reason says so. Those of `:kept` are erased once they are
-- processed, and so is what arrived of an order since it was looked at.
UPDATE webhook_events
SET payload = NULL, processed = 1, processed_at = coalesce(processed_at, :now), error = NULL, next_attempt_at = NULL,
    stuck_at = NULL, email = NULL, reason = iif(processed = 1, reason, 'payload_erased')
WHERE id IN (SELECT value FROM json_each(:events)
             UNION ALL
             SELECT e.id FROM erased_orders x JOIN webhook_events e ON e.source = x.source AND e.order_id = x.order_id
             WHERE x.look_at = :now AND x.buyer = 1 AND e.processed = 1)
  AND id NOT IN (SELECT value FROM json_each(:kept))
