-- Leaves GitHub alone until then, or invitations to one repository, and counts how often in a row that had to be: of one
-- repository, those are in a row between which it was invited to for less than two hours. A longer pause stays.
INSERT INTO github_pauses (scope, until_at, reason) VALUES (:scope, :until_at, :reason)
ON CONFLICT (scope) DO UPDATE SET
  times = iif(github_pauses.scope <> '' AND github_pauses.until_at <= :now - 7200000, 1,
              github_pauses.times + (github_pauses.until_at <= :now)),
  reason = iif(excluded.until_at > github_pauses.until_at, excluded.reason, github_pauses.reason),
  until_at = max(excluded.until_at, github_pauses.until_at)
