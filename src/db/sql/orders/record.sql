-- Records what was bought, once an order.
INSERT INTO orders (source, order_id, email, name, amount_cents, currency, offer_code, variants, custom_fields, country,
                    subscription_id, test, sold_at, event_id)
VALUES (:source, :order_id, :email, :name, :amount_cents, :currency, :offer_code, :variants, :custom_fields, :country,
        :subscription_id, :test, :sold_at, :event_id)
ON CONFLICT (source, order_id) DO NOTHING
