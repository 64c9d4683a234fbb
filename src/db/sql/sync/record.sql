-- Records that licenses are brought to what the catalogue says, if it has the version that was read, and each of them is good and has
-- the terms that were read: whatever came in between (a refund, a transfer, another sync) has them read again. The other
-- statements do their part only where this was recorded.
INSERT INTO admin_actions (id, action, target, reason, actor, detail, acted_at, trace_id)
SELECT :action_id, 'grants.sync', 'grants', :reason, :actor, :detail, :now, :trace
FROM catalogue c
WHERE c.id = 1 AND c.version = :version
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:changed) changed
    WHERE NOT EXISTS (
      SELECT 1 FROM good_licenses l JOIN bound_terms t ON t.license_key = l.license_key
      WHERE l.license_key = changed.value ->> '$.license_key' AND t.terms = changed.value ->> '$.terms'
        AND l.good_until > :now AND l.test <= :allow_test))
ON CONFLICT (id) DO NOTHING
RETURNING id
