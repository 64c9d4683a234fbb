-- The deliveries that are a person's: about an order of theirs, noted as theirs, or with their address as a whole value, as forms
-- and as JSON write one, whichever of its characters are escaped, and though the rest cannot be read. An address that only ends
-- alike is another's. It looks through every payload. `:escapes` are the address's characters, each with what else it is written
-- as: [[escape, character], …].
SELECT e.id
FROM webhook_events e
WHERE (e.source, e.order_id) IN (SELECT source, order_id FROM orders WHERE lower(email) = :email
                                 UNION ALL
                                 SELECT source, order_id FROM licenses WHERE lower(email) = :email)
   OR lower(e.email) = :email
   OR (WITH RECURSIVE plain (step, body) AS (
         SELECT 0, lower(CAST(e.payload AS TEXT))
         UNION ALL
         SELECT step + 1, replace(body, :escapes ->> ('$[' || step || '][0]'), :escapes ->> ('$[' || step || '][1]'))
         FROM plain WHERE step < json_array_length(:escapes))
       SELECT instr(body, '"' || :email || '"') > 0 OR instr('&' || body || '&', '=' || :email || '&') > 0
       FROM plain WHERE step = json_array_length(:escapes))
