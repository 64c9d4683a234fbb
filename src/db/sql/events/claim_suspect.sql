-- Claims a delivery of which two tries in a row gave no word: the process may have died of it. So it is taken when everything
-- else has had its turn, and nothing comes after it.
UPDATE webhook_events
SET attempts = attempts + 1, silent_claims = silent_claims + 1, next_attempt_at = :abandoned_at, stuck_at = NULL
WHERE id = (SELECT id FROM webhook_events WHERE next_attempt_at <= :now AND silent_claims >= 2
            ORDER BY next_attempt_at LIMIT 1)
RETURNING id, source, list, payload, attempts, (SELECT version FROM catalogue WHERE id = 1) AS catalogue_version
