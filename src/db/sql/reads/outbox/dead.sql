-- A page of what was given up, newest first, which is little.
SELECT o.id, o.kind, o.subject, o.state, o.attempts, o.next_attempt_at, o.last_error, o.person_needed, o.outcome,
       o.reference, o.created_at, coalesce(o.done_at, o.died_at) AS ended_at, o.trace_id,
       g.repo, g.github_username,
       iif(o.kind = 'invitation_mail', CAST(o.subject AS INTEGER), g.github_user_id) AS github_user_id, g.state AS grant_state, t.cause, t.detail,
       iif(o.kind = 'license_mail', o.subject, r.license_key) AS license_key
FROM outbox o
LEFT JOIN grants g ON o.kind = 'grant' AND g.id = o.subject
LEFT JOIN alerts t ON o.kind = 'alert_mail' AND t.id = o.subject
LEFT JOIN reminders r ON o.kind = 'reminder_mail' AND r.id = CAST(o.subject AS INTEGER)
WHERE o.id IN (SELECT id FROM outbox WHERE died_at > 0 AND kind <> 'alert_mail'
               UNION ALL
               SELECT id FROM outbox WHERE kind = 'alert_mail' AND state = 'dead')
  AND o.id < :before
  AND (:kind IS NULL OR o.kind = :kind)
ORDER BY o.id DESC
LIMIT :count
