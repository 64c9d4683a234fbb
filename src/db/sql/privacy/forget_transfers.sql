-- Erases between whom erased licenses were transferred that open nothing any more. What was done, when and why stays, and GitHub's
-- numbers of the accounts.
UPDATE admin_actions SET detail = json_remove(detail, '$.from_username', '$.to_username')
WHERE action = 'license.transfer' AND target IN (
  SELECT license_key FROM erased_licenses WHERE look_at <= :now AND (status = 'revoked' OR good_until <= :now))
