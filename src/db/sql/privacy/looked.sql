-- Notes when the next license of an erased order is over that was looked at.
UPDATE erased_orders
SET look_at = (SELECT min(l.ends_at) FROM licenses l
               WHERE l.source = erased_orders.source AND l.order_id = erased_orders.order_id AND l.ends_at > :now)
WHERE look_at <= :now
