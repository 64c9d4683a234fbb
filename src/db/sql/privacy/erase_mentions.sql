-- Erases a person's address where somebody else has filled it in at a checkout.
UPDATE orders
SET custom_fields = (SELECT json_group_array(json(f.value)) FROM json_each(custom_fields) f
                     WHERE lower(f.value ->> '$[1]') <> :email)
WHERE EXISTS (SELECT 1 FROM json_each(custom_fields) f WHERE lower(f.value ->> '$[1]') = :email)
