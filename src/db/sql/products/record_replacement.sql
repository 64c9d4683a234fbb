-- Records that the catalogue is replaced, if it differs from what is given and has the expected version. The other
-- statements of the replacement do their part only where this was recorded, and only as long as the version is the one
-- that it names. Repeated with the same id, it changes nothing.
WITH given AS (
  SELECT key AS position, value ->> '$[0]' AS source, value ->> '$[1]' AS product_id, value ->> '$[2]' AS variant_id,
         value -> '$[3]' AS entry
  FROM json_each(:entries)
)
INSERT INTO admin_actions (id, action, target, reason, actor, detail, acted_at, trace_id)
SELECT :id, 'catalogue.replace', 'catalogue', :reason, :actor,
       json_patch(json_object(
         'version', c.version + 1,
         'added', (SELECT count(*) FROM (SELECT source, product_id, variant_id FROM given
                                         EXCEPT SELECT source, product_id, variant_id FROM products)),
         'changed', (SELECT count(*) FROM given g JOIN products p USING (source, product_id, variant_id)
                     WHERE g.entry <> p.entry),
         'removed', (SELECT count(*) FROM (SELECT source, product_id, variant_id FROM products
                                           EXCEPT SELECT source, product_id, variant_id FROM given))),
         iif(c.descriptions IS :descriptions, '{}', '{"described":1}')),
       :now, :trace
FROM catalogue c
WHERE c.id = 1 AND c.version = coalesce(:expected, c.version)
  AND ((SELECT count(*) FROM given) <> (SELECT count(*) FROM products)
       OR EXISTS (SELECT position, source, product_id, variant_id, entry FROM given
                  EXCEPT SELECT position, source, product_id, variant_id, entry FROM products)
       OR c.descriptions IS NOT :descriptions)
ON CONFLICT (id) DO NOTHING
