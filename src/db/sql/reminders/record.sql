-- Records the ends that are to be reminded of by now, the longest due first, so many licenses at once: each end of a license once,
-- and none that is there already.
INSERT INTO reminders (license_key, expires_at)
SELECT license_key, expires_at FROM licenses
WHERE license_key IN (SELECT license_key FROM licenses WHERE turn_at <= :now AND remind_at <= :now ORDER BY turn_at LIMIT :count)
  AND expires_at > :now
ON CONFLICT DO NOTHING
