-- The order that a subscription began with, if that is known.
SELECT order_id FROM subscription_facts
WHERE source = :source AND subscription_id = :subscription_id AND fact = 'of_order'
LIMIT 1
