-- What the page of a license's buyer is told besides the license: what they filled in at the checkout, and whether the mail with the
-- license came back.
SELECT o.custom_fields,
       EXISTS (SELECT 1 FROM outbox x JOIN returned_mails m ON m.reference = x.reference
               WHERE x.kind = 'license_mail' AND x.subject = l.license_key AND x.state = 'dead') AS mail_returned
FROM licenses l LEFT JOIN orders o ON o.source = l.source AND o.order_id = l.order_id
WHERE l.license_key = :key
