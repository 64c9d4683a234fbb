-- Uses a link, which is good once: of many who do at once, one is given the address.
UPDATE recoveries SET used_at = :now
WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > :now
RETURNING email
