-- Ends the comparing of repositories that the recorded replacement does not name.
UPDATE repository_watches SET compare_at = NULL, comparison = NULL, compare_error = NULL
WHERE compare_at IS NOT NULL AND lower(repo) NOT IN (SELECT lower(value) FROM json_each(:repos))
  AND (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
