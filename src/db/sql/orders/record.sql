-- Records what was bought, once an order, as long as its delivery stands: one that was dismissed or erased meanwhile brings
-- nothing any more.
INSERT INTO orders (source, order_id, email, name, amount_cents, currency, offer_code, variants, custom_fields, country,
                    subscription_id, test, sold_at, event_id)
SELECT :source, :order_id, :email, :name, :amount_cents, :currency, :offer_code, :variants, :custom_fields, :country,
       :subscription_id, :test, :sold_at, e.id
FROM webhook_events e WHERE e.id = :event_id AND e.processed = 0
ON CONFLICT (source, order_id) DO NOTHING
