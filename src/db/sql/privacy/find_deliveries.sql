-- The deliveries that are a person's: about an order of theirs, or with their address as a whole value, as forms and as JSON
-- write one, escapes included. An address that only ends alike is another's. It looks through every payload.
SELECT e.id
FROM webhook_events e
WHERE (e.source, e.order_id) IN (SELECT source, order_id FROM orders WHERE lower(email) = :email
                                 UNION ALL
                                 SELECT source, order_id FROM licenses WHERE lower(email) = :email)
   OR lower(e.email) = :email
   OR instr(lower(CAST(e.payload AS TEXT)), '"' || :email || '"') > 0
   OR instr(lower(CAST(e.payload AS TEXT)) || '&', '=' || :encoded || '&') > 0
   OR instr(lower(CAST(e.payload AS TEXT)) || '&', '=' || :email || '&') > 0
   OR CASE WHEN instr(CAST(e.payload AS TEXT), '\') > 0 AND json_valid(CAST(e.payload AS TEXT))
           THEN EXISTS (SELECT 1 FROM json_tree(CAST(e.payload AS TEXT)) j WHERE j.type = 'text' AND lower(j.atom) = :email)
      END
