-- Marks the orders of which a person is erased: theirs, and those that only mention them. It goes by what is recorded of the order;
-- where that is nothing, by what its deliveries say, and where those do not say either, it is theirs. `:orders` are what was found
-- out of deliveries of theirs just now: [[source, order, whether they bought, or null], …].
INSERT INTO erased_orders (source, order_id, buyer, erased_at, look_at)
SELECT source, order_id, max(buyer), :now, :now
FROM (
  SELECT source, order_id, lower(email) = :email AS buyer FROM orders
  WHERE lower(email) = :email
     OR EXISTS (SELECT 1 FROM json_each(custom_fields) f WHERE lower(f.value ->> '$[1]') = :email)
  UNION ALL
  SELECT d.source, d.order_id,
         coalesce((SELECT lower(o.email) = :email FROM orders o
                   WHERE o.source = d.source AND o.order_id = d.order_id AND o.email <> ''), d.theirs, 1)
  FROM (
    SELECT source, order_id, 1 AS theirs FROM licenses WHERE lower(email) = :email
    UNION ALL
    SELECT e.source, e.order_id, lower(e.email) = :email FROM webhook_events e
    WHERE e.id IN (SELECT value FROM json_each(:events)) AND e.order_id IS NOT NULL
    UNION ALL
    SELECT value ->> '$[0]', value ->> '$[1]', value ->> '$[2]' FROM json_each(:orders)
  ) d
)
GROUP BY source, order_id
ON CONFLICT (source, order_id) DO UPDATE SET buyer = max(buyer, excluded.buyer), look_at = excluded.look_at
