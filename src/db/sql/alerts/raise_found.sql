-- Raises the alerts that the tables call for. What is dead or stuck, or was found in a list, counts since ten seconds before
-- the last alert of its cause that somebody got, and until ten seconds ago: by then, whatever has that time is committed, so
-- that each is told of in one alert and none is missed. So there is none while the last one is still on its way: if nobody
-- gets that one, the next tells of the same. What is due for over fifteen minutes is told of as long as it is; grants are due
-- once GitHub is not left alone any more. Alerts that nobody got must not raise an alert.
INSERT INTO alerts (id, cause, detail, created_at)
SELECT cause || ':' || CAST(:now AS INTEGER), cause, words || found, :now
FROM (
  SELECT cause, words,
    CASE cause
    WHEN 'dead_row' THEN
      (SELECT count(*) FROM outbox WHERE died_at >= since AND died_at < :now - 10000 AND kind <> 'alert_mail')
      + (SELECT count(*) FROM webhook_events WHERE stuck_at >= since AND stuck_at < :now - 10000)
    WHEN 'overdue' THEN
      (SELECT count(*) FROM outbox WHERE kind = 'license_mail' AND next_attempt_at < :now - 900000)
      + (SELECT count(*) FROM outbox WHERE kind = 'grant' AND next_attempt_at < :now - 900000
           AND NOT EXISTS (SELECT 1 FROM github_pauses WHERE scope = '' AND until_at > :now - 900000))
      + (SELECT count(*) FROM webhook_events WHERE next_attempt_at < :now - 900000)
    ELSE
      (SELECT count(*) FROM webhook_events WHERE list IS NOT NULL AND received_at >= since AND received_at < :now - 10000)
    END AS found
  FROM (
    SELECT key AS cause, value AS words,
      coalesce((SELECT created_at FROM alerts WHERE cause = key AND created_at <= :now AND failed_at IS NULL
                 ORDER BY created_at DESC LIMIT 1), 10000)
      - 10000 AS since
    FROM json_each('{
      "dead_row": "Given up and left to you: ",
      "overdue": "Due for more than 15 minutes: ",
      "found_by_reconciliation": "Found in the storefronts'' lists, since no webhook had told of them: "
    }')
    WHERE NOT EXISTS (SELECT 1 FROM alerts WHERE cause = key AND created_at > :now - 3600000 AND created_at < :now + 3600000)
      AND NOT EXISTS (SELECT 1 FROM outbox
                      WHERE kind = 'alert_mail' AND state IN ('due', 'leased')
                        AND subject = (SELECT id FROM alerts WHERE cause = key AND created_at <= :now
                                       ORDER BY created_at DESC LIMIT 1))
  )
)
WHERE found > 0
ON CONFLICT (id) DO NOTHING
