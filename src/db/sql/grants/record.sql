-- Records what was seen of a grant, by the holder of the lease on it. What is null leaves the grant as it is, and an account's
-- name that was erased stays erased. An invitation is news whenever one is made. Of a long history the second line goes for each
-- that comes: it is a buyer who asks again and again that makes one long.
UPDATE grants
SET state = coalesce(:state, state), since_at = iif(is_news, :now, since_at),
    history = iif(is_news,
                  json_insert(iif(json_array_length(history) < 200, history, json_remove(history, '$[1]')), '$[#]', json_object(
                    'at', CAST(:now AS INTEGER), 'state', :state, 'cause', iif(:renewed, 'renewal', 'attempt'))),
                  history),
    turn_at = iif(:leaves_line OR coalesce(:state, state) NOT IN ('pending', 'waiting', 'blocked'), NULL, turn_at),
    until_at = iif(:state IS NULL, until_at, :until_at), reason = iif(:state IS NULL, reason, :reason),
    blocked_by = coalesce(:blocked_by, blocked_by),
    github_username = iif(github_username = 'erased', github_username, coalesce(:login, github_username)),
    in_doubt = coalesce(:in_doubt, in_doubt),
    invitation_id = coalesce(:invitation_id, iif(:withdrawn OR :state IN ('member', 'revoked', 'declined'), NULL, invitation_id)),
    renewals = CASE WHEN :state IN ('member', 'revoked') THEN 0 ELSE renewals + (:renewed AND state = 'invited') END,
    given = iif(:state = 'revoked', NULL, coalesce(:given, given)),
    earlier = iif(:state IN ('invited', 'revoked'), NULL, coalesce(:earlier, earlier))
FROM (SELECT id AS noted_id, :state IS NOT NULL AND (:state <> state OR :state = 'invited') AS is_news FROM grants WHERE id = :grant_id)
WHERE id = noted_id
  AND EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'grant' AND o.subject = grants.id AND o.lease_id = :lease_id)
