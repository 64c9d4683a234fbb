-- Gives licenses the status that follows from the facts of their order and from the operator's word.
UPDATE licenses SET status = s.status
FROM license_standings s
WHERE licenses.license_key = s.license_key AND licenses.status <> s.status
  AND licenses.license_key IN (
    SELECT license_key FROM licenses WHERE license_key = :key
    UNION ALL SELECT license_key FROM licenses WHERE source = :source AND order_id = :order_id)
