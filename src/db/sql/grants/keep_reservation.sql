-- Notes that the invitation was made that was reserved under this lease.
UPDATE invitation_reservations SET made = 1 WHERE grant_id = :grant_id AND lease_id = :lease_id
