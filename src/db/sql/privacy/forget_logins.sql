-- Erases to whom erased licenses are bound that open nothing any more. GitHub's number of the account stays.
UPDATE license_activations SET github_username = 'erased'
WHERE license_key IN (
  SELECT license_key FROM erased_licenses WHERE look_at <= :now AND (status = 'revoked' OR good_until <= :now))
