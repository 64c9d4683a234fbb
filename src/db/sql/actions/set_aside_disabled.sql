-- Sets aside that the storefront has disabled the key of a license: that word, and none that comes after it.
UPDATE storefront_keys SET set_aside_at = said_at
WHERE disabled = 1
  AND (source, storefront_key_id) IN (SELECT source, storefront_key_id FROM licenses WHERE license_key = :key)
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
