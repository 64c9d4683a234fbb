-- Notes what a mail provider says of a mail that it took, the first time that it says so.
INSERT INTO returned_mails (reference, outbox_id, fate, reason, said_at)
VALUES (:reference, :outbox_id, :fate, :reason, :now)
ON CONFLICT (reference) DO NOTHING
