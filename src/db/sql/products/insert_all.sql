-- Writes the products of the recorded replacement: a list of [source, product id, variant or '', entry] in their order.
INSERT INTO products (position, source, product_id, variant_id, entry)
SELECT key, value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value -> '$[3]'
FROM json_each(:entries)
WHERE (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
