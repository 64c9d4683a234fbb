-- Marks a delivery as processed. Without a reason for bringing no license, that is found out: its order had its licenses
-- before, or what it brought was over before it arrived.
UPDATE webhook_events AS e
SET processed = 1, processed_at = :now, silent_claims = 0, error = NULL, next_attempt_at = NULL, stuck_at = NULL, email = NULL,
    event_type = :event_type, order_id = :order_id,
    reason = CASE
      WHEN :reason IS NOT NULL THEN :reason
      WHEN NOT EXISTS (SELECT 1 FROM licenses l
                       WHERE l.source = e.source AND l.order_id = :order_id AND l.event_id = e.id) THEN 'already_licensed'
      WHEN NOT EXISTS (SELECT 1 FROM licenses l
                       WHERE l.source = e.source AND l.order_id = :order_id AND l.event_id = e.id
                         AND l.status = 'active') THEN 'ended_before_arrival'
    END
WHERE e.id = :id AND e.processed = 0
