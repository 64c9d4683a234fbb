-- Notes why a delivery could not be processed. Without a next attempt it waits for a person; but one that failed under an
-- older catalogue than the newest is tried again at once, since whoever changed the catalogue did not find it waiting.
-- A try that does not count is taken back.
UPDATE webhook_events
SET reason = :reason, error = :error, silent_claims = 0, event_type = coalesce(:event_type, event_type),
    order_id = coalesce(:order_id, order_id),
    storefront_key_id = coalesce(:storefront_key_id, storefront_key_id), email = coalesce(:email, email),
    attempts = coalesce(min(attempts, :attempts), attempts),
    next_attempt_at = iif(:catalogue_version < (SELECT version FROM catalogue WHERE id = 1), :now, :next_attempt_at),
    stuck_at = CASE WHEN :next_attempt_at IS NULL
                     AND NOT coalesce(:catalogue_version < (SELECT version FROM catalogue WHERE id = 1), 0)
                    THEN coalesce(stuck_at, :now) END
WHERE id = :id AND processed = 0
