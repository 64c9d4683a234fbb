-- Removes the products that the recorded replacement is for.
DELETE FROM products
WHERE (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
