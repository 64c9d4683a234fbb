-- Notes that the reminders of licenses were acted on.
UPDATE licenses SET reminded = 1
WHERE license_key IN (SELECT license_key FROM licenses WHERE turn_at <= :now AND remind_at <= :now ORDER BY turn_at LIMIT :count)
