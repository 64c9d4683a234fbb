-- Records the names that accounts were seen with. The login stays by which an invitation was asked for whose answer nobody knows.
UPDATE grants SET github_username = seen_login
FROM (SELECT github_user_id AS seen_id, github_username AS seen_login FROM drift
      WHERE repo = :repo AND kind = 'renamed' AND github_user_id > 0 AND found_at = :now)
WHERE id = seen_id || ':' || lower(:repo) AND in_doubt = 0 AND github_username <> 'erased'
