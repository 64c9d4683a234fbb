-- Records what was seen of a grant, by the holder of the lease on it. What is null leaves the grant as it is, and an account's
-- name that was erased stays erased.
UPDATE grants
SET state = coalesce(:state, state), since_at = iif(coalesce(:state, state) = state, since_at, :now),
    until_at = iif(:state IS NULL, until_at, :until_at), reason = iif(:state IS NULL, reason, :reason),
    github_username = iif(github_username = 'erased', github_username, coalesce(:login, github_username)),
    in_doubt = coalesce(:in_doubt, in_doubt),
    invitation_id = coalesce(:invitation_id, iif(:state IN ('member', 'revoked'), NULL, invitation_id))
WHERE id = :grant_id
  AND EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.lease_id = :lease_id)
