-- What is still to be done, or was, for the licenses of the orders of deliveries and of licenses, with how it ended before. The
-- joins go in this order, since SQLite would begin with every mail there is.
WITH scope AS (
  SELECT source, order_id FROM webhook_events
  WHERE id IN (SELECT value FROM json_each(:events)) AND order_id IS NOT NULL
  UNION
  SELECT source, order_id FROM licenses WHERE license_key IN (SELECT value FROM json_each(:licenses))
)
SELECT l.license_key AS known_as, iif(o.kind = 'grant', NULL, l.license_key) AS license_key, o.id, o.kind, o.subject, o.state, o.attempts, o.next_attempt_at, o.last_error, o.person_needed,
       o.outcome, o.reference, o.created_at, coalesce(o.done_at, o.died_at) AS ended_at, o.trace_id, o.history,
       g.repo, g.github_username, g.github_user_id, g.state AS grant_state, NULL AS cause, NULL AS detail
FROM scope
CROSS JOIN licenses l ON l.source = scope.source AND l.order_id = scope.order_id
CROSS JOIN outbox o ON o.id IN (
  SELECT d.id FROM license_outbox d WHERE d.license_key = l.license_key
  UNION ALL
  SELECT m.id FROM reminders r CROSS JOIN outbox m ON m.kind = 'reminder_mail' AND m.subject = CAST(r.id AS TEXT)
  WHERE r.license_key = l.license_key
  UNION ALL
  SELECT m.id FROM license_activations a
  CROSS JOIN outbox m ON m.kind = 'invitation_mail' AND m.subject = CAST(a.github_user_id AS TEXT)
  WHERE a.license_key = l.license_key)
LEFT JOIN grants g ON o.kind = 'grant' AND g.id = o.subject
