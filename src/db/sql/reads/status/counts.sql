-- What is in trouble or still to be done, counted whole by its own index; what is done, among the newest rows; which
-- migration, catalogue and tick were the last.
SELECT
  (SELECT count(*) FROM webhook_events WHERE next_attempt_at > 0) AS retrying,
  (SELECT count(*) FROM webhook_events WHERE stuck_at > 0) AS stuck,
  (SELECT count(*) FROM outbox WHERE next_attempt_at IS NOT NULL AND state = 'due') AS due,
  (SELECT count(*) FROM outbox WHERE next_attempt_at IS NOT NULL AND state = 'leased') AS leased,
  (SELECT count(*) FROM outbox WHERE died_at > 0 AND kind <> 'alert_mail') AS dead,
  (SELECT count(*) FROM outbox WHERE kind = 'alert_mail' AND state = 'dead') AS dead_alerts,
  (SELECT count(*) FILTER (WHERE state = 'done')
   FROM (SELECT state FROM outbox WHERE id > 0 ORDER BY id DESC LIMIT :newest)) AS done,
  (SELECT name FROM d1_migrations WHERE id > 0 ORDER BY id DESC LIMIT 1) AS migration,
  (SELECT version FROM catalogue WHERE id = 1) AS catalogue_version,
  (SELECT count(*) FROM products) AS products,
  (SELECT started_at FROM cron WHERE id = 1) AS last_cron_at
