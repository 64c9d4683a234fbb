-- Removes what was reserved at a repository for invitations and does not count any more.
DELETE FROM invitation_reservations WHERE repo = :repo AND reserved_at <= :now - :window_ms
