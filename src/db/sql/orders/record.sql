-- Records what was bought, once an order, as long as its delivery stands: one that was dismissed or erased meanwhile brings
-- nothing any more. Of an order whose buyer was erased it is recorded without them. One that was recorded before anybody knew who has
-- bought learns it.
INSERT INTO orders (source, order_id, email, name, amount_cents, currency, offer_code, variants, custom_fields, country,
                    subscription_id, test, sold_at, event_id)
SELECT :source, :order_id, iif(x.buyer = 1, '', :email), iif(x.buyer = 1, '', :name), :amount_cents, :currency, :offer_code,
       :variants, iif(x.buyer IS NULL, :custom_fields, '[]'), iif(x.buyer = 1, NULL, :country),
       :subscription_id, :test, :sold_at, e.id
FROM webhook_events e LEFT JOIN erased_orders x ON x.source = :source AND x.order_id = :order_id
WHERE e.id = :event_id AND e.processed = 0
ON CONFLICT (source, order_id) DO UPDATE SET email = excluded.email, name = excluded.name
WHERE orders.email = '' AND excluded.email <> ''
