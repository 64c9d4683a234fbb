-- Ends deliveries of which nothing is to come: those that are not processed, meet the filters and were tried, the longest waiting
-- first. One that nobody has looked at yet is left: which order it is about is not known. Of who was erased they keep
-- nothing, nor those about a mail of anybody.
UPDATE webhook_events
SET processed = 1, processed_at = :now, reason = 'dismissed', error = NULL, next_attempt_at = NULL, stuck_at = NULL,
    silent_claims = 0,
    payload = iif(webhook_events.source IN (SELECT value FROM json_each(:mail_providers))
                    OR EXISTS (SELECT 1 FROM erased_orders x
                               WHERE x.source = webhook_events.source AND x.order_id = webhook_events.order_id), NULL, payload)
WHERE id IN (SELECT id FROM (
  SELECT id, stuck_at AS turn FROM webhook_events
  WHERE stuck_at > 0 AND next_attempt_at IS NULL AND coalesce(:state, 'needs_seller') = 'needs_seller'
    AND error IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
    AND (:error IS NULL OR instr(error, :error) > 0)
  UNION ALL
  SELECT id, next_attempt_at FROM webhook_events
  WHERE next_attempt_at > 0 AND coalesce(:state, 'in_progress') = 'in_progress'
    AND error IS NOT NULL AND id >= coalesce(:since_id, '') AND (:source IS NULL OR source = :source)
    AND (:error IS NULL OR instr(error, :error) > 0)
  ORDER BY turn LIMIT :count
))
RETURNING id
