-- Records the license of a storefront's own key as the storefront has described the key last, unless the operator has given
-- another one for it, and as long as the delivery stands that brings it, if one does. What was said of the order may have come
-- before it. Whoever was not named at the key is who bought it, and nobody is named who was erased; and what belongs to a test
-- purchase is a test. A license that there is by now follows the key, and is not over any more where the key goes on; and where nobody had
-- to know which variant was bought when it was recorded, that is noted once the storefront tells. The first of a line is to be activated for the account that was given at the
-- checkout, where the order is known and the catalogue wants it.
INSERT INTO licenses (license_key, source, order_id, line, storefront_key_id, product_id, variant_id, tier, email, name,
                      status, test, issued_at, term, expires_at, catalogue_expires_at, grace_ms, remind_ms,
                      kept_after_expiry, kept_after_end, consequences, activate_at, event_id)
SELECT k.license_key, k.source, :order_id, :line, k.storefront_key_id, :product_id, :variant_id, :tier,
       iif(x.buyer = 1, '', coalesce(:email, o.email, '')), iif(x.buyer = 1, '', coalesce(:name, o.name, '')),
       coalesce((SELECT min(:consequences ->> fact) FROM standing_facts WHERE source = :source AND order_id = :order_id),
                (SELECT 'suspended' FROM disabled_keys
                 WHERE source = :source AND storefront_key_id = :storefront_key_id),
                'active'),
       max(coalesce(:test, 0), coalesce(o.test, 0)), :now,
       iif(k.expires_at IS NULL, 'catalogue', 'key'), coalesce(k.expires_at, :catalogue_expires_at), :catalogue_expires_at,
       :grace_ms, :remind_ms, :kept_after_expiry, :kept_after_end, :consequences,
       iif(:at_checkout AND :event_id IS NOT NULL AND o.order_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM licenses s WHERE s.source = k.source AND s.order_id = :order_id AND s.line = :line),
           :now, NULL), :event_id
FROM storefront_keys k
LEFT JOIN orders o ON o.source = k.source AND o.order_id = :order_id
LEFT JOIN erased_orders x ON x.source = k.source AND x.order_id = :order_id
WHERE k.source = :source AND k.storefront_key_id = :storefront_key_id
  AND (:event_id IS NULL OR EXISTS (SELECT 1 FROM webhook_events e WHERE e.id = :event_id AND e.processed = 0))
  AND NOT EXISTS (SELECT 1 FROM answered_by_hand h
                  WHERE h.source = :source AND h.order_id = :order_id
                    AND coalesce(h.storefront_key_id = :storefront_key_id, h.line = :line))
ON CONFLICT (source, order_id, line, storefront_key_id, piece) DO UPDATE SET
  license_key = iif(EXISTS (SELECT 1 FROM licenses o
                            WHERE o.license_key = excluded.license_key
                              AND NOT (o.source = excluded.source AND o.storefront_key_id = excluded.storefront_key_id)),
                    licenses.license_key, excluded.license_key),
  variant_id = coalesce(licenses.variant_id, excluded.variant_id),
  (status, term, expires_at, ended) =
    (SELECT s.status, s.term, s.expires_at, s.good_until <= :now AND licenses.ended
     FROM license_standings s WHERE s.license_key = licenses.license_key),
  reminded = 0
ON CONFLICT DO NOTHING
