-- The order that a subscription began with, if that is known; or of a refund that stands under the name of its payment, the order of
-- the subscription that the payment is of. The plus has SQLite look subscriptions up by their ids.
SELECT order_id FROM subscriptions
WHERE source = :source AND +order_id IS NOT NULL AND subscription_id IN (
  SELECT :subscription_id
  UNION ALL
  SELECT p.subscription_id
  FROM subscription_facts r CROSS JOIN subscription_facts p INDEXED BY subscription_facts_payment
  WHERE r.source = :source AND r.subscription_id = :subscription_id AND r.fact = 'refunded' AND r.payment_id = r.subscription_id
    AND p.source = r.source AND p.payment_id = r.payment_id AND p.fact = 'paid')
