-- Records that an operator issues a license by hand, in answer to a delivery or not, where that is a change. An order that has a
-- license of the product is not given another: the record names that one, where it answers one more delivery. Else it names the
-- new key, and in which place of which order it goes: a line that has no license, one of the product first, or else one behind
-- all that there are. A sale that has its license and waits for an address needs that and no other license.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id, detail)
SELECT :action_id, 'license.issue', coalesce(given.license_key, :key), :reason, :actor, :now, :trace,
       json_object('event_id', e.id, 'source', coalesce(e.source, 'operator'),
                   'order_id', coalesce(e.order_id, :order_id),
                   'line', coalesce(
                     (SELECT min(i.line) FROM order_items i
                      WHERE i.source = e.source AND i.order_id = e.order_id AND i.product_id = :product_id
                        AND NOT EXISTS (SELECT 1 FROM licenses t
                                        WHERE t.source = i.source AND t.order_id = i.order_id AND t.line = i.line)),
                     (SELECT min(i.line) FROM order_items i
                      WHERE i.source = e.source AND i.order_id = e.order_id
                        AND NOT EXISTS (SELECT 1 FROM licenses t
                                        WHERE t.source = i.source AND t.order_id = i.order_id AND t.line = i.line)),
                     1 + (SELECT max(line) FROM (
                            SELECT i.line FROM order_items i WHERE i.source = e.source AND i.order_id = e.order_id
                            UNION ALL
                            SELECT t.line FROM licenses t WHERE t.source = e.source AND t.order_id = e.order_id)),
                     1))
FROM (SELECT 1)
LEFT JOIN webhook_events e ON e.id = :event_id
LEFT JOIN licenses given ON given.license_key = (
  SELECT l.license_key FROM licenses l LEFT JOIN webhook_events b ON b.id = l.event_id
  WHERE l.source = coalesce(e.source, 'operator') AND l.order_id = coalesce(e.order_id, :order_id)
    AND l.product_id = :product_id AND (:variant_id IS NULL OR l.variant_id = :variant_id)
    AND (e.storefront_key_id IS NULL OR e.storefront_key_id IN (l.storefront_key_id, b.storefront_key_id))
  ORDER BY l.line LIMIT 1)
WHERE (:event_id IS NULL OR e.processed = 0 OR e.reason = 'issued_by_hand')
  AND (given.license_key IS NULL OR e.processed = 0)
  AND NOT (coalesce(e.processed = 0, 0)
           AND EXISTS (SELECT 1 FROM licenses w WHERE w.source = e.source AND w.order_id = e.order_id AND w.email = '')
           AND NOT EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = e.source AND x.order_id = e.order_id AND x.buyer = 1))
ON CONFLICT (id) DO NOTHING
