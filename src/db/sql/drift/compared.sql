-- The repositories whose comparison was recorded as asked for, also by the same request before.
SELECT repo FROM repository_watches WHERE compare_at IS NOT NULL AND (:repo IS NULL OR repo = :repo)
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
