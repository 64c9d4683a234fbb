-- Records that an operator corrects whom a license and its order belong to, where that is a change. Who was erased stays so.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id, detail)
SELECT :action_id, 'license.correct_email', l.license_key, :reason, :actor, :now, :trace,
       json_object('from', l.email, 'to', :to)
FROM licenses l LEFT JOIN orders o ON o.source = l.source AND o.order_id = l.order_id
WHERE l.license_key = :key AND (l.email <> :to OR o.email <> :to)
  AND NOT EXISTS (SELECT 1 FROM erased_orders x WHERE x.source = l.source AND x.order_id = l.order_id AND x.buyer = 1)
ON CONFLICT (id) DO NOTHING
