-- Records a storefront's own key from its word when the key was used. That is the latest: it moves the end of a license
-- that a delivery brought earlier, unless the storefront names none and the catalogue does. One for which the operator has
-- given another is not recorded.
INSERT INTO licenses (license_key, source, order_id, line, storefront_key_id, product_id, variant_id, tier, email, name,
                      test, issued_at, expires_at)
SELECT :key, :source, :order_id, :line, :storefront_key_id, :product_id, :variant_id, :tier, :email, :name, :test, :now,
       :expires_at
WHERE EXISTS (SELECT 1 FROM licenses WHERE license_key = :key)
   OR NOT EXISTS (SELECT 1 FROM answered_by_hand h
                  WHERE h.source = :source AND h.order_id = :order_id
                    AND coalesce(h.storefront_key_id = :storefront_key_id, h.line = :line))
ON CONFLICT (license_key) DO UPDATE SET
  expires_at = CASE WHEN :told_expires_at IS NULL AND :catalogue_ends = 1 THEN licenses.expires_at
                    ELSE :told_expires_at END
ON CONFLICT DO NOTHING
