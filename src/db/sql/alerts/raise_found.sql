-- Raises the alerts that the tables call for: one of each cause, with a count, at growing distances. The second comes an hour after
-- the first, the third four hours after that, and then one a day for as long as there is news of the cause; after two days without
-- one it begins anew. `:words` says how the alert of each cause begins that is found in the tables.
--
-- What is dead or stuck, or was found in a list, counts since shortly before the last alert of its cause that somebody got, and until
-- a moment ago: by then, whatever has that time is committed, so that each is told of in one alert and none is missed. So there is
-- none while the last one is still on its way: if nobody gets that one, the next tells of the same, an hour after it at the earliest.
-- What is overdue is told of as long as it is; grants are due once GitHub is not left alone any more. What was noted counts since the
-- last such alert as well. Alerts that nobody got must not raise an alert.
INSERT INTO alerts (id, cause, detail, nth, times, created_at)
SELECT substr(cause, 1, 150) || ':' || CAST(:now AS INTEGER), cause,
       words || CASE WHEN times IS NULL THEN found WHEN found > 1 THEN ' (' || found || ' times)' ELSE '' END,
       told_before + 1, times, :now
FROM (
  SELECT cause, words, times, told_before,
    CASE cause
    WHEN 'dead_row' THEN
      (SELECT count(*) FROM outbox WHERE died_at >= since AND died_at < :now - :settling_ms AND kind <> 'alert_mail')
      + (SELECT count(*) FROM webhook_events
         WHERE stuck_at >= since AND stuck_at < :now - :settling_ms AND reason IS NOT 'unmapped_product')
    WHEN 'unmapped_product' THEN
      (SELECT count(*) FROM webhook_events
       WHERE stuck_at >= since AND stuck_at < :now - :settling_ms AND reason = 'unmapped_product')
    WHEN 'overdue' THEN
      (SELECT count(*) FROM outbox WHERE queue = 'mails' AND next_attempt_at < :now - :overdue_ms)
      + (SELECT count(*) FROM outbox WHERE queue = 'grants' AND next_attempt_at < :now - :overdue_ms
           AND NOT EXISTS (SELECT 1 FROM github_pauses WHERE scope = '' AND until_at > :now - :overdue_ms))
      + (SELECT count(*) FROM webhook_events WHERE next_attempt_at < :now - :overdue_ms)
    WHEN 'found_by_reconciliation' THEN
      (SELECT count(*) FROM webhook_events WHERE list IS NOT NULL AND received_at >= since AND received_at < :now - :settling_ms)
    ELSE times - told
    END AS found
  FROM (
    SELECT a.cause, a.words, a.times, a.told, coalesce(t.created_at, :settling_ms) - :settling_ms AS since, t.created_at AS told_at,
           iif(t.created_at > :now - 2 * :day_ms, t.nth, 0) AS told_before
    FROM (
      SELECT key AS cause, value AS words, NULL AS times, NULL AS told
      FROM json_each(:words)
      UNION ALL
      SELECT cause, detail, times, told FROM alert_causes WHERE times > told
    ) a
    LEFT JOIN alerts t ON t.id = (SELECT id FROM alerts WHERE cause = a.cause AND created_at <= :now AND failed_at IS NULL
                                  ORDER BY created_at DESC LIMIT 1)
    WHERE NOT EXISTS (SELECT 1 FROM alerts
                      WHERE cause = a.cause AND created_at > :now - :hour_ms AND created_at < :now + :hour_ms)
      AND NOT EXISTS (SELECT 1 FROM outbox
                      WHERE kind = 'alert_mail' AND state IN ('due', 'leased')
                        AND subject = (SELECT id FROM alerts WHERE cause = a.cause AND created_at <= :now
                                       ORDER BY created_at DESC LIMIT 1))
  )
  WHERE told_before < 2 OR told_at <= :now - iif(told_before = 2, 4 * :hour_ms, :day_ms)
)
WHERE found > 0
ON CONFLICT (id) DO NOTHING
