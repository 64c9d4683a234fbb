-- Takes back what was reserved under this lease: nothing was sent, or GitHub has refused the invitation.
DELETE FROM invitation_reservations WHERE grant_id = :grant_id AND lease_id = :lease_id
