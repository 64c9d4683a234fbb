-- Mints the licenses of a line, one a key, unless it has them: of any number of copies of a sale, the first one's keys stay. Its
-- delivery has to stand, nobody is given a license who was erased, and a line that the operator has answered by hand gets no more.
-- What was said of the order may have come before it. One that was minted before anybody knew who has bought learns it. The first of a
-- line is to be activated for the account that was given at the checkout, where one was and the catalogue wants it.
INSERT INTO licenses (license_key, source, order_id, line, piece, product_id, variant_id, tier, email, name, status, test, paid_once, issued_at,
                      expires_at, catalogue_expires_at, grace_ms, remind_ms, kept_after_expiry, kept_after_end, consequences,
                      activate_at, event_id)
SELECT k.value, :source, :order_id, :line, k.key + 1, :product_id, :variant_id, :tier, :email, :name,
       coalesce((SELECT min(:consequences ->> fact) FROM standing_facts WHERE source = :source AND order_id = :order_id), 'active'),
       :test, :paid_once, :now, :expires_at, :expires_at, :grace_ms, :remind_ms, :kept_after_expiry, :kept_after_end, :consequences,
       iif(:at_checkout AND k.key = 0, :now, NULL), e.id
FROM webhook_events e CROSS JOIN json_each(:keys) k
WHERE e.id = :event_id AND e.processed = 0
  AND NOT EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = :source AND x.order_id = :order_id AND x.buyer = 1)
  AND NOT EXISTS (SELECT 1 FROM answered_by_hand h WHERE h.source = :source AND h.order_id = :order_id AND h.line = :line)
ON CONFLICT (source, order_id, line, storefront_key_id, piece) DO UPDATE SET email = excluded.email, name = excluded.name
WHERE licenses.email = '' AND excluded.email <> ''
ON CONFLICT DO NOTHING
