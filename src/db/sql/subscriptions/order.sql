-- The order that a subscription began with, if that is known.
SELECT order_id FROM subscriptions
WHERE source = :source AND subscription_id = :subscription_id AND order_id IS NOT NULL
