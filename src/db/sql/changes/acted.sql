-- Whether an operator's action took effect, now or when it was sent before.
SELECT EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id) AS acted
