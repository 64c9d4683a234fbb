-- Ends the row of a mail well, by the holder of its lease; or leaves it to the operator, where its provider has said by now that this
-- mail came back.
UPDATE outbox
SET state = iif(returned.reason IS NULL, 'done', 'dead'), outcome = iif(returned.reason IS NULL, :outcome, NULL),
    done_at = iif(returned.reason IS NULL, :now, NULL), died_at = iif(returned.reason IS NULL, NULL, :now),
    reference = :reference, lease_id = NULL, next_attempt_at = NULL, silent_claims = 0, last_error = returned.reason, person_needed = 0
FROM (SELECT max(reason) AS reason FROM returned_mails WHERE reference = :reference) returned
WHERE id = :id AND lease_id = :lease_id
