-- Marks a delivery as processed. Without a reason for bringing no license, that is found out: its order had its licenses
-- before, or what it brought was over before it arrived, or who bought was erased. What it brought is erased where a person was
-- erased of its order, or where it names somebody and no order.
UPDATE webhook_events AS e
SET processed = 1, processed_at = :now, silent_claims = 0, error = NULL, next_attempt_at = NULL, stuck_at = NULL, email = NULL,
    event_type = :event_type, order_id = :order_id,
    payload = iif(:erases_payload
                    OR EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = e.source AND x.order_id = :order_id), NULL, e.payload),
    reason = CASE
      WHEN :reason IS NOT NULL THEN :reason
      WHEN NOT EXISTS (SELECT 1 FROM licenses l
                       WHERE l.source = e.source AND l.order_id = :order_id AND l.event_id = e.id)
        THEN iif(EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = e.source AND x.order_id = :order_id AND x.buyer = 1)
                   AND NOT EXISTS (SELECT 1 FROM licenses l WHERE l.source = e.source AND l.order_id = :order_id),
                 'payload_erased', 'already_licensed')
      WHEN NOT EXISTS (SELECT 1 FROM licenses l
                       WHERE l.source = e.source AND l.order_id = :order_id AND l.event_id = e.id
                         AND l.status = 'active') THEN 'ended_before_arrival'
    END
WHERE e.id = :id AND e.processed = 0
