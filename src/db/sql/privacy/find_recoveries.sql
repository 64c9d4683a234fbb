-- When a person asked for their licenses by mail, and used the link.
SELECT created_at, expires_at, used_at FROM recoveries WHERE email = :email ORDER BY created_at
