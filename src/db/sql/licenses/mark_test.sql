-- Marks the licenses of an order's own keys of the storefront's as of a test purchase, now that the storefront has said so.
UPDATE licenses SET test = 1
WHERE source = :source AND order_id = :order_id AND storefront_key_id <> '' AND test = 0
