-- Takes the license that is due the longest to be activated for the account that was given at its checkout, and gives it with what the
-- buyer filled in there. It is due again after as long as it is old, five minutes at least, unless that is over a day: by then its
-- buyer has had the mail, and activates it. So nothing is lost with whoever takes it, and nobody else takes it meanwhile. While GitHub
-- is to be left alone, none is taken.
UPDATE licenses
SET activate_at = iif(next_at < issued_at + :within_ms, next_at, NULL)
FROM (SELECT license_key AS due_key, :now + max(:wait_ms, :now - issued_at) AS next_at FROM licenses
      WHERE turn_at <= :now AND activate_at <= :now ORDER BY turn_at LIMIT 1)
WHERE license_key = due_key
  AND NOT EXISTS (SELECT 1 FROM github_pauses WHERE scope = '' AND until_at > :now)
RETURNING license_key, (SELECT o.custom_fields FROM orders o
                        WHERE o.source = licenses.source AND o.order_id = licenses.order_id) AS custom_fields
