-- Notes that invitations expired that were renewed as often as that is done, where that was just recorded.
INSERT INTO alert_causes (cause, detail, times)
SELECT :cause, :detail, count(*)
FROM json_each(:learned) l JOIN grants g ON g.id = l.value ->> '$.id'
WHERE g.state = 'expired' AND g.since_at = :now
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = g.id AND o.outcome = 'canceled')
  AND EXISTS (SELECT 1 FROM open_claims c
              WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo AND c.good_until > :now AND c.test <= :allow_test)
GROUP BY g.state
ON CONFLICT (cause) DO UPDATE SET detail = excluded.detail, times = alert_causes.times + excluded.times
