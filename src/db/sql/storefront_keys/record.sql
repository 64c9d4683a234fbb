-- Records what a storefront says of a key of its own, as long as the delivery stands that says it. Of two words the later one
-- holds by the storefront's own clock, and of the same moment the one that came later. A word without a time is of when it
-- arrived.
INSERT INTO storefront_keys (source, storefront_key_id, license_key, disabled, expires_at, said_at, recorded_at)
SELECT :source, :storefront_key_id, :key, :disabled, :expires_at, coalesce(:said_at, e.received_at), :now
FROM webhook_events e WHERE e.id = :event_id AND e.processed = 0
ON CONFLICT (source, storefront_key_id) DO UPDATE SET
  license_key = excluded.license_key, disabled = excluded.disabled, expires_at = excluded.expires_at,
  said_at = excluded.said_at, recorded_at = excluded.recorded_at
WHERE excluded.said_at >= storefront_keys.said_at
