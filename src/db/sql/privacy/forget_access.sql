-- Erases whose access it is, or was, that only erased licenses claim which open nothing any more, and of whom such a license was
-- taken. Taking access away goes by GitHub's number of the account.
UPDATE grants SET github_username = 'erased', reason = NULL
WHERE github_username <> 'erased'
  AND id IN (
    SELECT g.id FROM erased_licenses l CROSS JOIN claims c ON c.license_key = l.license_key CROSS JOIN grants g ON g.id = c.grant_id
    WHERE l.look_at <= :now AND (l.status = 'revoked' OR l.good_until <= :now)
    UNION ALL
    SELECT g.id
    FROM erased_licenses l
    CROSS JOIN admin_actions t ON t.target = l.license_key AND t.action = 'license.transfer'
    CROSS JOIN entitlements n ON n.license_key = l.license_key
    CROSS JOIN grants g ON g.id = (t.detail ->> '$.from') || ':' || lower(n.repo)
    WHERE l.look_at <= :now AND (l.status = 'revoked' OR l.good_until <= :now))
  AND NOT EXISTS (
    SELECT 1 FROM claims c
    WHERE c.github_user_id = grants.github_user_id AND c.repo = grants.repo AND c.license_key NOT IN (
      SELECT license_key FROM erased_licenses WHERE look_at <= :now AND (status = 'revoked' OR good_until <= :now)))
