-- Enqueues the mail of a license that was just minted, leased to the caller: once a license, and only by the delivery whose
-- key was really minted. One that opens nothing is not mailed. Gives the row's id when this statement did it.
INSERT INTO outbox (kind, subject, state, attempts, silent_claims, next_attempt_at, lease_id, trace_id, created_at)
SELECT 'license_mail', l.license_key, 'leased', 1, 1, :until, :lease_id, :trace, :now
FROM licenses l WHERE l.license_key = :key AND l.status = 'active'
ON CONFLICT (kind, subject) DO NOTHING
RETURNING id
