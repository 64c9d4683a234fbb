-- Notes that the end of licenses was acted on.
UPDATE licenses SET ended = 1
WHERE license_key IN (SELECT license_key FROM licenses WHERE ends_at <= :now AND ended = 0 ORDER BY ends_at LIMIT :count)
