-- Whether a license has the address by an operator's correction for this reason, made now or before.
SELECT l.email = :to AND EXISTS (SELECT 1 FROM admin_actions a
                                 WHERE a.target = :key AND a.action = 'license.correct_email' AND a.reason = :reason)
         AS corrected
FROM licenses l WHERE l.license_key = :key
