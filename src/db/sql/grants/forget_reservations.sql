-- Removes what was reserved at the repositories of the leased grants and does not count any more.
DELETE FROM invitation_reservations
WHERE reserved_at <= :now - :window_ms
  AND repo IN (SELECT g.repo FROM outbox o JOIN grants g ON g.id = o.subject
               WHERE o.kind = 'grant' AND o.next_attempt_at = :until AND o.lease_id = :lease_id)
