-- Issues a license by hand, where its record says so. What was said of the order may have come before it.
INSERT INTO licenses (license_key, source, order_id, line, product_id, variant_id, section, tier, email, name, status, test,
                      issued_at, expires_at, catalogue_expires_at, grace_ms, remind_ms, kept_after_expiry,
                      kept_after_end, consequences, event_id)
SELECT a.target, a.detail ->> '$.source', a.detail ->> '$.order_id', a.detail ->> '$.line', :product_id, :variant_id, :section,
       :tier, :email, :name,
       coalesce((SELECT min(:consequences ->> f.fact) FROM standing_facts f
                 WHERE f.source = a.detail ->> '$.source' AND f.order_id = a.detail ->> '$.order_id'), 'active'),
       coalesce((SELECT o.test FROM orders o
                 WHERE o.source = a.detail ->> '$.source' AND o.order_id = a.detail ->> '$.order_id'), 0),
       :now, :expires_at, :expires_at, :grace_ms, :remind_ms, :kept_after_expiry, :kept_after_end, :consequences,
       a.detail ->> '$.event_id'
FROM admin_actions a
WHERE a.id = :action_id AND a.target = :key
ON CONFLICT DO NOTHING
