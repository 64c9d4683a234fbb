-- Erases to whom a person's licenses are bound that open nothing any more and never will. GitHub's number of the account stays.
-- It goes by the licenses' address, so it comes before that is erased.
UPDATE license_activations SET github_username = 'erased'
WHERE license_key IN (
  SELECT license_key FROM licenses WHERE lower(email) = :email AND (status = 'revoked' OR expires_at <= :now))
