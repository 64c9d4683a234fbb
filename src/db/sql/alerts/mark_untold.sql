-- Notes that what an alert told of that nobody got is still to be told: all since the last one of its cause that somebody got.
UPDATE alert_causes
SET told = coalesce((SELECT a.times FROM alerts a WHERE a.cause = alert_causes.cause AND a.failed_at IS NULL
                     ORDER BY a.created_at DESC LIMIT 1), 0)
WHERE cause = (SELECT cause FROM alerts WHERE id = :id)
