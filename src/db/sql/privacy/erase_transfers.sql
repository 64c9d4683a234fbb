-- Erases between whom a person's licenses were transferred that open nothing any more. What was done, when and why stays, and
-- GitHub's numbers of the accounts. It goes by the licenses' address, so it comes before that is erased.
UPDATE admin_actions SET detail = json_remove(detail, '$.from_username', '$.to_username')
WHERE action = 'license.transfer' AND target IN (
  SELECT license_key FROM licenses WHERE lower(email) = :email AND (status = 'revoked' OR expires_at <= :now))
