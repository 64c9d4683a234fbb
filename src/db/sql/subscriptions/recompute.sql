-- Works out what follows from the facts of a subscription, or of the one that an order began. A payment that does not say how long
-- it buys does so until the next one, or until the date of renewal that was said last. A date less than half a day behind the
-- payment is that of an older word; then the end is not known, and as late as can be. The first payment is the order's own.
-- A refund that stands under the name of its payment is of whichever subscription was paid by that. Of a refund and its undoing the
-- later holds.
WITH facts AS MATERIALIZED (
  SELECT subscription_id, fact, payment_id, at, paid_until_at, said_at, order_id FROM subscription_facts
  WHERE source = :source AND subscription_id IN (
    SELECT :subscription_id
    UNION ALL SELECT subscription_id FROM subscriptions WHERE source = :source AND order_id = :order_id
    UNION ALL SELECT q.subscription_id FROM subscription_facts q INDEXED BY subscription_facts_payment
              WHERE q.source = :source AND q.payment_id = :subscription_id AND q.fact = 'paid')),
renewals AS MATERIALIZED (
  SELECT DISTINCT subscription_id,
         first_value(at) OVER (PARTITION BY subscription_id ORDER BY said_at DESC, at DESC) AS renews_at
  FROM facts WHERE fact = 'renews'),
refunds AS MATERIALIZED (
  SELECT r.subscription_id, r.payment_id FROM facts r
  WHERE r.fact = 'refunded'
    AND NOT EXISTS (SELECT 1 FROM facts u
                    WHERE u.subscription_id = r.subscription_id AND u.fact = 'refund_undone' AND u.payment_id = r.payment_id
                      AND u.at >= r.at)
  UNION ALL
  SELECT p.subscription_id, p.payment_id
  FROM facts p
  CROSS JOIN subscription_facts n ON n.source = :source AND n.subscription_id = p.payment_id AND n.fact = 'refunded'
                                 AND n.payment_id = p.payment_id
  WHERE p.fact = 'paid'
  UNION ALL
  SELECT f.subscription_id, p.payment_id
  FROM facts f
  CROSS JOIN standing_facts o ON o.source = :source AND o.order_id = f.order_id AND o.fact = 'refunded'
  CROSS JOIN facts p ON p.subscription_id = f.subscription_id AND p.fact = 'paid'
  WHERE f.fact = 'of_order'
    AND p.at = (SELECT min(at) FROM facts m WHERE m.subscription_id = f.subscription_id AND m.fact = 'paid')),
payments AS MATERIALIZED (
  SELECT p.subscription_id, p.at,
         coalesce(
           p.paid_until_at,
           min(p.at) OVER (PARTITION BY p.subscription_id ORDER BY p.at RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
           iif(r.renews_at > p.at + 43200000, r.renews_at, NULL),
           9007199254740991) AS until_at,
         EXISTS (SELECT 1 FROM refunds x WHERE x.subscription_id = p.subscription_id AND x.payment_id = p.payment_id) AS refunded
  FROM facts p LEFT JOIN renewals r ON r.subscription_id = p.subscription_id
  WHERE p.fact = 'paid'),
paid AS MATERIALIZED (
  SELECT subscription_id, min(at) AS first_at, max(until_at) AS until_at,
         max(until_at) FILTER (WHERE NOT refunded) AS unrefunded_until_at
  FROM payments GROUP BY subscription_id)
INSERT INTO subscriptions (source, subscription_id, order_id, last_paid_at, resumed_at, stops_at, ended_at, lapsed_at,
                           unrefunded, paid_until_at, unrefunded_until_at)
SELECT :source, f.subscription_id, max(f.order_id), max(f.at) FILTER (WHERE f.fact = 'paid'),
       max(f.at) FILTER (WHERE f.fact = 'resumes'), max(f.at) FILTER (WHERE f.fact IN ('stops', 'ends')),
       max(f.at) FILTER (WHERE f.fact = 'ends'), max(f.at) FILTER (WHERE f.fact = 'lapses'), p.unrefunded_until_at IS NOT NULL,
       nullif(coalesce(p.until_at, r.renews_at), 9007199254740991),
       nullif(coalesce(p.unrefunded_until_at, p.first_at, r.renews_at), 9007199254740991)
FROM facts f
LEFT JOIN paid p ON p.subscription_id = f.subscription_id
LEFT JOIN renewals r ON r.subscription_id = f.subscription_id
WHERE true
GROUP BY f.subscription_id
ON CONFLICT (source, subscription_id) DO UPDATE SET
  order_id = excluded.order_id, last_paid_at = excluded.last_paid_at, resumed_at = excluded.resumed_at,
  stops_at = excluded.stops_at, ended_at = excluded.ended_at, lapsed_at = excluded.lapsed_at, unrefunded = excluded.unrefunded,
  paid_until_at = excluded.paid_until_at, unrefunded_until_at = excluded.unrefunded_until_at
