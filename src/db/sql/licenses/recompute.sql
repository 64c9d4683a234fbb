-- Gives licenses the status that follows from the facts of their order and from the operator's word, and the end that was said
-- last. What was reminded of may be another end then. One that ends by this is noted as ended only where its access was marked before
-- it, in the same batch; otherwise the tick does both.
UPDATE licenses SET status = s.status, term = s.term, expires_at = s.expires_at,
                    ended = s.good_until <= :now AND (licenses.ended OR :is_marked), reminded = 0
FROM license_standings s
WHERE licenses.license_key = s.license_key
  AND (licenses.status <> s.status OR licenses.term <> s.term OR licenses.expires_at IS NOT s.expires_at
       OR licenses.ended <> (s.good_until <= :now AND (licenses.ended OR :is_marked)))
  AND licenses.license_key IN (
    SELECT license_key FROM licenses WHERE license_key = :key
    UNION ALL SELECT license_key FROM licenses WHERE source = :source AND order_id = :order_id)
