-- Corrects who has bought.
UPDATE orders SET email = :to
FROM licenses k
WHERE k.license_key = :key AND orders.source = k.source AND orders.order_id = k.order_id
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
