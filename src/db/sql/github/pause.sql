-- Leaves GitHub alone until then, or invitations to one repository, and counts how often in a row that had to be. A longer
-- pause stays.
INSERT INTO github_pauses (scope, until_at, reason) VALUES (:scope, :until_at, :reason)
ON CONFLICT (scope) DO UPDATE SET
  times = github_pauses.times + (github_pauses.until_at <= :now),
  reason = iif(excluded.until_at > github_pauses.until_at, excluded.reason, github_pauses.reason),
  until_at = max(excluded.until_at, github_pauses.until_at)
