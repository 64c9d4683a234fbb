-- The address for which a link was mailed, and whether it is good still.
SELECT email, used_at IS NULL AND expires_at > :now AS good FROM recoveries WHERE token_hash = :token_hash
