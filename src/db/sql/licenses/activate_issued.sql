-- Has one license of a line whose keys the storefront issues activated for the account that was given at the checkout, where the
-- key has come before its order, and not long ago. What the buyer has activated meanwhile stays as it is.
UPDATE licenses SET activate_at = :now
WHERE license_key = (SELECT min(l.license_key) FROM licenses l
                     WHERE l.source = :source AND l.order_id = :order_id AND l.line = :line AND l.storefront_key_id <> '')
  AND activate_at IS NULL AND issued_at > :now - :within_ms
  AND NOT EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = licenses.license_key)
