-- Notes why a delivery could not be processed. Without a next attempt it waits for a person; but one that failed under an
-- older catalogue than the newest is tried again at once, since whoever changed the catalogue did not find it waiting.
-- A try that does not count is taken back.
--
-- What would wait for a person is over where who bought was erased, unless it may still say what becomes of the order once it can be
-- read; and where a list has what the operator has dismissed before. What waits for an address is over where every line has its license
-- with one by now, and where who bought was erased.
UPDATE webhook_events
SET processed = ending IS NOT NULL, processed_at = iif(ending IS NULL, NULL, :now), reason = coalesce(ending, :reason),
    error = iif(ending IS NULL, :error, NULL), payload = iif(ending IS 'payload_erased', NULL, payload),
    silent_claims = 0, event_type = coalesce(:event_type, event_type), order_id = coalesce(:order_id, order_id),
    storefront_key_id = coalesce(:storefront_key_id, storefront_key_id),
    email = iif(erased, NULL, coalesce(:email, email)),
    attempts = coalesce(min(attempts, :attempts), attempts),
    next_attempt_at = CASE WHEN ending IS NOT NULL THEN NULL
                           WHEN :catalogue_version < (SELECT version FROM catalogue WHERE id = 1) THEN :now
                           ELSE :next_attempt_at END,
    stuck_at = CASE WHEN ending IS NULL AND :next_attempt_at IS NULL
                     AND NOT coalesce(:catalogue_version < (SELECT version FROM catalogue WHERE id = 1), 0)
                    THEN coalesce(stuck_at, :now) END
FROM (
  SELECT erased, CASE WHEN :waits_for_address AND addressed THEN 'already_licensed'
                      WHEN :waits_for_address AND erased THEN 'payload_erased'
                      WHEN :next_attempt_at IS NOT NULL THEN NULL
                      WHEN :catalogue_version < (SELECT version FROM catalogue WHERE id = 1) THEN NULL
                      WHEN erased AND NOT :may_still_say THEN 'payload_erased'
                      WHEN dismissed THEN 'dismissed' END AS ending
  FROM (
    SELECT EXISTS (SELECT 1 FROM erased_orders x
                   WHERE x.source = f.source AND x.order_id = coalesce(:order_id, f.order_id) AND x.buyer = 1) AS erased,
           EXISTS (SELECT 1 FROM order_items i WHERE i.source = f.source AND i.order_id = :order_id)
             AND NOT EXISTS (SELECT 1 FROM order_items i
                             WHERE i.source = f.source AND i.order_id = :order_id
                               AND NOT EXISTS (SELECT 1 FROM licenses l
                                               WHERE l.source = i.source AND l.order_id = i.order_id AND l.line = i.line
                                                 AND l.email <> '')) AS addressed,
           f.list IS NOT NULL AND EXISTS (
             SELECT 1 FROM webhook_events d
             WHERE d.source = f.source AND d.order_id = coalesce(:order_id, f.order_id)
               AND d.event_type = coalesce(:event_type, f.event_type) AND d.reason = 'dismissed' AND d.processed = 1
               AND d.storefront_key_id IS coalesce(:storefront_key_id, f.storefront_key_id)) AS dismissed
    FROM webhook_events f WHERE f.id = :id))
WHERE id = :id AND processed = 0
