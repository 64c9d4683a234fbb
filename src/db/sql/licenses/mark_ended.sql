-- Notes that the end of licenses was acted on.
UPDATE licenses SET ended = 1
WHERE license_key IN (SELECT license_key FROM licenses WHERE turn_at <= :now AND ends_at <= :now ORDER BY turn_at LIMIT :count)
