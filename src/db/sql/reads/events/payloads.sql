-- What deliveries brought, as far as a person reads it: text, or in hex what is none.
SELECT e.id, length(CAST(e.payload AS BLOB)) AS bytes,
       CASE typeof(e.payload) WHEN 'text' THEN substr(e.payload, 1, 100000) END AS payload,
       CASE typeof(e.payload) WHEN 'blob' THEN hex(substr(e.payload, 1, 100000)) END AS payload_hex
FROM webhook_events e
WHERE e.id IN (SELECT value FROM json_each(:events))
