-- Erases whose access it is, or was, that only licenses of a person claim which open nothing any more. Taking it away goes by
-- GitHub's number of the account. It goes by the licenses' address, so it comes before that is erased.
UPDATE grants SET github_username = 'erased', reason = NULL
WHERE id IN (
    SELECT c.grant_id FROM claims c WHERE c.license_key IN (
      SELECT license_key FROM licenses WHERE lower(email) = :email AND (status = 'revoked' OR expires_at <= :now)))
  AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo AND c.license_key NOT IN (
      SELECT license_key FROM licenses WHERE lower(email) = :email AND (status = 'revoked' OR expires_at <= :now)))
