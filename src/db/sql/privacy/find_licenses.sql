-- The keys of a person's licenses.
SELECT license_key FROM licenses WHERE lower(email) = :email
