-- Makes comparisons due, of one repository or of all, those under way aside.
UPDATE repository_watches SET compare_at = :now
WHERE compare_at IS NOT NULL AND comparison IS NULL AND (:repo IS NULL OR repo = :repo)
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
