-- Mints the license of a line, unless it has one: of any number of copies of a sale, the first one's key stays. Its delivery has
-- to stand, and nobody is given a license who was erased. What was said of the order may have come before it.
INSERT INTO licenses (license_key, source, order_id, line, product_id, variant_id, tier, email, name, status, test, issued_at,
                      expires_at, catalogue_expires_at, grace_ms, remind_ms, kept_after_expiry, kept_after_end, consequences,
                      event_id)
SELECT :key, :source, :order_id, :line, :product_id, :variant_id, :tier, :email, :name,
       coalesce((SELECT min(:consequences ->> fact) FROM standing_facts WHERE source = :source AND order_id = :order_id), 'active'),
       :test, :now, :expires_at, :expires_at, :grace_ms, :remind_ms, :kept_after_expiry, :kept_after_end, :consequences, e.id
FROM webhook_events e
WHERE e.id = :event_id AND e.processed = 0
  AND NOT EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = :source AND x.order_id = :order_id AND x.buyer = 1)
ON CONFLICT DO NOTHING
