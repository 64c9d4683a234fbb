-- Enqueues the mail with the link, leased to the caller, if the statement before this one has recorded that it is owed.
INSERT INTO outbox (kind, subject, state, attempts, silent_claims, next_attempt_at, lease_id, trace_id, created_at)
SELECT 'recovery_mail', id, 'leased', 1, 1, :until, :lease_id, :trace, :now FROM recoveries WHERE id = :id
ON CONFLICT (kind, subject) DO NOTHING
