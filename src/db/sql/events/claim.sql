-- Claims a delivery that was stored but not processed, because the process died behind the answer or a try failed. It
-- counts the try and moves it on before anything looks at the delivery: one at which the process dies again does not
-- stand first in line forever. Only one is claimed, so that such a one costs no other a try; and one of which two tries in a
-- row gave no word is left to `events/claim_suspect`. With it comes the version of the catalogue, by which it has to be tried.
UPDATE webhook_events
SET attempts = attempts + 1, silent_claims = silent_claims + 1, next_attempt_at = :abandoned_at, stuck_at = NULL
WHERE id = (SELECT id FROM webhook_events WHERE next_attempt_at <= :now AND silent_claims < 2
            ORDER BY next_attempt_at LIMIT 1)
RETURNING id, source, list, payload, attempts, (SELECT version FROM catalogue WHERE id = 1) AS catalogue_version
