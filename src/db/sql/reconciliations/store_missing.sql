-- Stores what a page lists and is missing here, as deliveries that are due at once: nothing once the turn is over, and
-- nothing that is so young that its webhooks may still be on their way.
--
-- A sale is missing when its order is neither recorded nor waiting as a delivery nor dismissed, or when it says more of the
-- order, or of its subscription's payments, than is known; a key, when it has no license and no delivery of it waits or was
-- dismissed. Of an order whose buyer was erased nothing is missing but that. What was found once and came to nothing is not found
-- again in the same list while it says the same.
INSERT INTO webhook_events (id, source, list, event_type, payload, received_at, next_attempt_at, order_id,
                            storefront_key_id, listed_as, trace_id)
SELECT item.id, :source, :list, item.event_type, item.payload, :now, :now, item.order_id, item.key_id, item.listed_as, :trace
FROM (
  SELECT value ->> '$.id' AS id, value ->> '$.event_type' AS event_type, value ->> '$.payload' AS payload,
         value ->> '$.order_id' AS order_id, value ->> '$.key_id' AS key_id, value ->> '$.listed_as' AS listed_as,
         value ->> '$.made_at' AS made_at, value ->> '$.sold' AS sold, value -> '$.facts' AS facts,
         value ->> '$.payment_id' AS payment_id, value ->> '$.payment_refunded' AS payment_refunded
  FROM json_each(:items)
) item
WHERE EXISTS (SELECT 1 FROM reconciliations WHERE source = :source AND list = :list AND due_at = :until)
  AND item.made_at BETWEEN :made_since AND :made_until
  AND CASE
    WHEN item.key_id IS NOT NULL THEN
      NOT EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = :source AND x.order_id = item.order_id AND x.buyer = 1)
      AND NOT EXISTS (SELECT 1 FROM licenses l
                  WHERE l.source = :source AND l.order_id = item.order_id AND l.storefront_key_id = item.key_id)
      AND NOT EXISTS (SELECT 1 FROM webhook_events e
                      WHERE e.source = :source AND e.order_id = item.order_id AND e.storefront_key_id = item.key_id
                        AND e.event_type = item.event_type AND (e.processed = 0 OR e.reason = 'dismissed'))
    ELSE
      item.sold = 1
        AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.source = :source AND o.order_id = item.order_id)
        AND NOT EXISTS (SELECT 1 FROM erased_orders x
                        WHERE x.source = :source AND x.order_id = item.order_id AND x.buyer = 1)
        AND NOT EXISTS (SELECT 1 FROM webhook_events e
                        WHERE e.source = :source AND e.order_id = item.order_id AND e.event_type = item.event_type
                          AND (e.processed = 0 OR e.reason = 'dismissed'))
      OR EXISTS (SELECT 1 FROM json_each(item.facts) said
                 WHERE NOT EXISTS (SELECT 1 FROM order_facts f
                                   WHERE f.source = :source AND f.order_id = item.order_id AND f.fact = said.value))
      OR item.payment_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM webhook_events e
                        WHERE e.source = :source AND e.order_id = item.order_id AND e.event_type = item.event_type
                          AND (e.processed = 0 OR e.reason = 'dismissed'))
        AND (NOT EXISTS (SELECT 1 FROM subscription_facts p INDEXED BY subscription_facts_payment
                         WHERE p.source = :source AND p.payment_id = item.payment_id AND p.fact = 'paid')
             OR item.payment_refunded = 1
               AND NOT EXISTS (SELECT 1 FROM subscription_facts p INDEXED BY subscription_facts_payment
                               WHERE p.source = :source AND p.payment_id = item.payment_id AND p.fact = 'refunded'))
    END
  AND NOT EXISTS (SELECT 1 FROM webhook_events e
                  WHERE e.source = :source AND e.order_id = item.order_id AND e.list = :list
                    AND e.listed_as = item.listed_as)
ON CONFLICT (id) DO NOTHING
RETURNING order_id
