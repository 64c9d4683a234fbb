-- Notes which of these grants nothing asks for any more, now that licenses have ceased to open their repositories. A suspended
-- license takes nothing away.
UPDATE grants
SET state = 'revoking', since_at = :now, until_at = NULL, reason = NULL
WHERE state <> 'revoked' AND id IN (SELECT value FROM json_each(:released))
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
  AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo
      AND c.status IN ('active', 'suspended') AND c.good_until > :now AND c.test <= :allow_test)
