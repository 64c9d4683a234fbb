-- Erases the names of accounts whose access was erased from where GitHub and what is recorded differ.
UPDATE drift SET github_username = 'erased', seen = NULL
WHERE github_user_id > 0
  AND EXISTS (SELECT 1 FROM grants g
              WHERE g.id = drift.github_user_id || ':' || lower(drift.repo) AND g.github_username = 'erased')
