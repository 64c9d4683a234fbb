-- Enqueues the mails of licenses that were just minted: once a license, and only by the delivery whose key was really minted. The
-- first of them are leased to the caller, the others due at once. One that opens nothing is not mailed. Gives the rows that this
-- statement made.
INSERT INTO outbox (kind, subject, state, attempts, silent_claims, next_attempt_at, lease_id, trace_id, created_at)
SELECT 'license_mail', l.license_key, iif(k.key < :at_once, 'leased', 'due'), k.key < :at_once, k.key < :at_once,
       iif(k.key < :at_once, :until, :now), iif(k.key < :at_once, :lease_id, NULL), :trace, :now
FROM json_each(:keys) k CROSS JOIN licenses l ON l.license_key = k.value
WHERE l.status = 'active'
ON CONFLICT (kind, subject) DO NOTHING
RETURNING id, subject, state
