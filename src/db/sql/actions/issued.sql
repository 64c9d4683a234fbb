-- What became of issuing a license by hand: the license, now or when it was asked for before; else how the delivery stands
-- that it was to answer.
SELECT coalesce(
         (SELECT target FROM admin_actions WHERE id = :action_id),
         CASE WHEN :event_id IS NULL OR e.reason = 'issued_by_hand' THEN (
           SELECT l.license_key FROM licenses l LEFT JOIN webhook_events b ON b.id = l.event_id
           WHERE l.source = coalesce(e.source, 'operator') AND l.order_id = coalesce(e.order_id, :order_id)
             AND l.product_id = :product_id AND (:variant_id IS NULL OR l.variant_id = :variant_id)
             AND (e.storefront_key_id IS NULL OR e.storefront_key_id IN (l.storefront_key_id, b.storefront_key_id))
           ORDER BY l.line LIMIT 1) END) AS license_key,
       e.id AS event_id,
       e.processed = 0 AND EXISTS (
         SELECT 1 FROM licenses w WHERE w.source = e.source AND w.order_id = e.order_id AND w.email = '')
         AND NOT EXISTS (SELECT 1 FROM erased_orders x
                         WHERE x.source = e.source AND x.order_id = e.order_id AND x.buyer = 1) AS waits_for_address
FROM (SELECT 1) LEFT JOIN webhook_events e ON e.id = :event_id
