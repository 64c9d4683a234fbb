-- How much there is to erase.
SELECT (SELECT count(*) FROM webhook_events
        WHERE id IN (SELECT value FROM json_each(:events)) AND payload IS NOT NULL) AS deliveries,
       (SELECT count(*) FROM orders WHERE lower(email) = :email) AS orders,
       (SELECT count(*) FROM licenses WHERE lower(email) = :email) AS licenses
