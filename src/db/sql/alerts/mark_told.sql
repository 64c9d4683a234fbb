-- Notes which of what was noted the alerts tell of that were raised at this moment.
UPDATE alert_causes SET told = times
WHERE times > told AND EXISTS (SELECT 1 FROM alerts a WHERE a.cause = alert_causes.cause AND a.created_at = :now)
