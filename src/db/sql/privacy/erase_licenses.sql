-- Erases whose licenses they are. What they open stays open.
UPDATE licenses SET email = '', name = '' WHERE lower(email) = :email
