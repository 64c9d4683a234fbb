-- Gives the license of a storefront's key the key that its storefront has said last, under which it opens what it opened
-- before. A key that another license has stays that one's.
UPDATE licenses
SET license_key = iif(EXISTS (SELECT 1 FROM licenses o
                              WHERE o.license_key = k.license_key
                                AND NOT (o.source = k.source AND o.storefront_key_id = k.storefront_key_id)),
                      licenses.license_key, k.license_key)
FROM storefront_keys k
WHERE k.source = :source AND k.storefront_key_id = :storefront_key_id
  AND licenses.source = :source AND licenses.order_id = :order_id AND licenses.storefront_key_id = :storefront_key_id
