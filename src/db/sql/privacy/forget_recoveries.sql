-- Forgets that a person asked for their licenses by mail: no link that was mailed is good any more.
DELETE FROM recoveries WHERE email = :email
