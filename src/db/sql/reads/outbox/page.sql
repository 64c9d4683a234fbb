-- A page of what is still to be done, or was, newest first. It looks at no more than :window rows, however few of them are asked
-- for.
SELECT o.id, o.kind, o.subject, o.state, o.attempts, o.next_attempt_at, o.last_error, o.person_needed, o.outcome,
       o.reference, o.created_at, coalesce(o.done_at, o.died_at) AS ended_at, o.trace_id,
       g.repo, g.github_username,
       iif(o.kind = 'invitation_mail', CAST(o.subject AS INTEGER), g.github_user_id) AS github_user_id, g.state AS grant_state, t.cause, t.detail,
       iif(o.kind = 'license_mail', o.subject, r.license_key) AS license_key
FROM outbox o
LEFT JOIN grants g ON o.kind = 'grant' AND g.id = o.subject
LEFT JOIN alerts t ON o.kind = 'alert_mail' AND t.id = o.subject
LEFT JOIN reminders r ON o.kind = 'reminder_mail' AND r.id = CAST(o.subject AS INTEGER)
WHERE o.id < :before
  AND o.id >= coalesce((SELECT w.id FROM outbox w WHERE w.id < :before ORDER BY w.id DESC LIMIT 1 OFFSET :window - 1), 0)
  AND (:state IS NULL OR o.state = :state)
  AND (:kind IS NULL OR o.kind = :kind)
ORDER BY o.id DESC
LIMIT :count
