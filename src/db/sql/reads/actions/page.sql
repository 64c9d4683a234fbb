-- A page of what operators changed, newest first.
SELECT a.id, a.action, a.target, a.reason, a.actor, a.detail, a.acted_at, a.trace_id
FROM admin_actions a
WHERE a.id < coalesce(:cursor, '~')
ORDER BY a.id DESC
LIMIT :count
