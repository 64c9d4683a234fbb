-- Whether a license has the address by an operator's correction for this reason, made now or before; and whether it was erased.
SELECT l.email = :to AND EXISTS (SELECT 1 FROM admin_actions a
                                 WHERE a.target = :key AND a.action = 'license.correct_email' AND a.reason = :reason)
         AS corrected,
       EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = l.source AND x.order_id = l.order_id AND x.buyer = 1) AS erased
FROM licenses l WHERE l.license_key = :key
