-- Records what was seen of a grant, by the holder of the lease on it.
UPDATE grants
SET state = :state, since_at = iif(state = :state, since_at, :now), until_at = :until_at, reason = :reason,
    invitation_id = coalesce(:invitation_id, iif(:state = 'invited', invitation_id, NULL))
WHERE id = :grant_id
  AND EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.lease_id = :lease_id)
