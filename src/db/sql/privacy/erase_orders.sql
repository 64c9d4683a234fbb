-- Erases who has bought.
UPDATE orders SET email = '', name = '', country = NULL, custom_fields = '[]' WHERE lower(email) = :email
