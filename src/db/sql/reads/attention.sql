-- Who paid and does not have everything, and what else is to be done: what a person has to do, what fails, and what has waited
-- since before :late; newest first. Of deliveries that wait for a person it reads the newest; of the rest it sorts what is in trouble, which is
-- little or all that matters. What each is about is read of those that are shown.
WITH found AS MATERIALIZED (
  SELECT * FROM (
    SELECT * FROM (
      SELECT printf('%015d-event-%s', received_at, id) AS cursor, id AS event_id, NULL AS outbox_id, 0 AS expired
      FROM webhook_events INDEXED BY webhook_events_stuck_newest
      WHERE stuck_at IS NOT NULL AND id < '~' AND (error IS NOT NULL OR received_at < :late)
        AND printf('%015d-event-%s', received_at, id) < coalesce(:cursor, '~')
      ORDER BY id DESC
      LIMIT :count)
    UNION ALL
    SELECT printf('%015d-event-%s', received_at, id), id, NULL, 0
    FROM webhook_events
    WHERE next_attempt_at > 0 AND stuck_at IS NULL AND (error IS NOT NULL OR received_at < :late)
    UNION ALL
    SELECT printf('%015d-outbox-%015d', created_at, id), NULL, id, 0
    FROM (
      SELECT id, created_at, last_error FROM outbox WHERE died_at > 0 AND kind <> 'alert_mail'
      UNION ALL
      SELECT id, created_at, last_error FROM outbox WHERE kind = 'alert_mail' AND state = 'dead'
      UNION ALL
      SELECT id, created_at, last_error FROM outbox WHERE next_attempt_at IS NOT NULL
    )
    WHERE last_error IS NOT NULL OR created_at < :late
    UNION ALL
    SELECT printf('%015d-outbox-%015d', o.created_at, o.id), NULL, o.id, 1
    FROM grants e INDEXED BY grants_expired JOIN outbox o ON o.kind = 'grant' AND o.subject = e.id
    WHERE e.state = 'expired' AND e.since_at > 0 AND o.state = 'done' AND o.outcome <> 'canceled'
      AND EXISTS (SELECT 1 FROM open_claims c
                  WHERE c.github_user_id = e.github_user_id AND c.repo = e.repo AND c.good_until > :now)
  )
  WHERE cursor < coalesce(:cursor, '~')
  ORDER BY cursor DESC
  LIMIT :count
)
SELECT f.cursor, 'delivery' AS kind, NULL AS outbox_state,
       e.stuck_at IS NOT NULL AS person_needed, coalesce(e.stuck_at, e.received_at) AS since, e.reason, e.error,
       e.next_attempt_at, e.source, e.order_id,
       (SELECT u.product_id FROM unmapped_lines u WHERE u.event_id = e.id LIMIT 1) AS product_id,
       coalesce(nullif(o.email, ''), e.email) AS email, NULL AS license_key, e.id AS event_id, NULL AS outbox_id,
       NULL AS repo, NULL AS github_username, f.expired, NULL AS fate
FROM found f CROSS JOIN webhook_events e ON e.id = f.event_id
LEFT JOIN orders o ON o.source = e.source AND o.order_id = e.order_id
UNION ALL
SELECT f.cursor, x.kind, x.state, x.person_needed,
       coalesce(x.died_at, iif(g.state = 'expired', g.since_at, NULL), x.created_at), NULL, x.last_error, x.next_attempt_at, l.source, l.order_id,
       l.product_id, nullif(l.email, ''), l.license_key, l.event_id, x.id, g.repo, g.github_username, f.expired,
       (SELECT r.fate FROM returned_mails r WHERE x.state = 'dead' AND x.kind <> 'grant' AND r.reference = x.reference)
FROM found f CROSS JOIN outbox x ON x.id = f.outbox_id
LEFT JOIN grants g ON x.kind = 'grant' AND g.id = x.subject
LEFT JOIN licenses l ON l.license_key = CASE x.kind
  WHEN 'license_mail' THEN x.subject
  WHEN 'reminder_mail' THEN (SELECT r.license_key FROM reminders r WHERE r.id = CAST(x.subject AS INTEGER))
  WHEN 'invitation_mail' THEN (SELECT min(a.license_key) FROM license_activations a
                               WHERE a.github_user_id = CAST(x.subject AS INTEGER))
  WHEN 'recovery_mail' THEN (SELECT min(+n.license_key) FROM recoveries v JOIN licenses n ON lower(n.email) = v.email
                             WHERE v.id = x.subject)
  WHEN 'grant' THEN (SELECT min(c.license_key) FROM claims c
                     WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo)
END
ORDER BY cursor DESC
