-- Notes that nothing more is to be tried with the account that was given at a license's checkout.
UPDATE licenses SET activate_at = NULL WHERE license_key = :key
