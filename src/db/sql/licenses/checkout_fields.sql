-- What the buyer of a license filled in at the checkout.
SELECT o.custom_fields FROM licenses l JOIN orders o ON o.source = l.source AND o.order_id = l.order_id WHERE l.license_key = :key
