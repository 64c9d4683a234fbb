-- Records what a storefront says of a key of its own when it is asked, which is later than all that it had said by then; what
-- it has said since is left alone. That a key is disabled is taken back by another word of that kind alone.
INSERT INTO storefront_keys (source, storefront_key_id, license_key, disabled, expires_at, said_at, recorded_at)
VALUES (:source, :storefront_key_id, :key, 0, :expires_at, 0, :now)
ON CONFLICT (source, storefront_key_id) DO UPDATE SET
  license_key = excluded.license_key, expires_at = excluded.expires_at, said_at = storefront_keys.said_at + 1,
  recorded_at = excluded.recorded_at
WHERE storefront_keys.recorded_at < :asked_at
  AND (storefront_keys.license_key <> excluded.license_key COLLATE BINARY
       OR storefront_keys.expires_at IS NOT excluded.expires_at)
