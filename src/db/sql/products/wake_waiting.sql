-- Makes due the deliveries that wait for a product which the recorded replacement has mapped: a row for each. What is
-- tried at this moment does not wait for a person, and learns of the new version when it fails. One that names no variant waits
-- for any entry of its product: whether the variant matters, and so has to be found out, is the catalogue's to say. What could not be
-- read by the descriptions is tried again by others.
UPDATE webhook_events SET attempts = 0, next_attempt_at = :now, stuck_at = NULL
WHERE processed = 0 AND stuck_at IS NOT NULL AND payload IS NOT NULL
  AND id IN (SELECT u.event_id FROM unmapped_lines u JOIN products p
             ON p.source = u.source AND p.product_id = u.product_id
                                  AND (u.variant_id = '' OR p.variant_id IN ('', u.variant_id))
             UNION ALL
             SELECT d.id FROM admin_actions a JOIN webhook_events d ON d.stuck_at IS NOT NULL AND d.reason = 'not_described'
             WHERE a.id = :id AND a.detail ->> '$.described' = 1)
  AND (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
RETURNING 1 AS one
