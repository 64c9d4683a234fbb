-- Records that somebody asked for the licenses of an address, where it has one, and nobody has asked within the time that is to be
-- between two mails to one address. What decides that is this statement: of many who ask at once, one is recorded.
INSERT INTO recoveries (id, email, seed, token_hash, created_at, expires_at)
SELECT :id, :email, :seed, :token_hash, :now, :expires_at
WHERE EXISTS (SELECT 1 FROM licenses WHERE lower(email) = :email AND test <= :allow_test)
  AND NOT EXISTS (SELECT 1 FROM recoveries WHERE email = :email AND created_at > :now - :apart_ms)
