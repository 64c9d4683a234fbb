-- A row of the outbox after an operator's action on it, and whether that took effect, now or when it was sent before.
SELECT o.state, EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id) AS acted FROM outbox o WHERE o.id = :id
