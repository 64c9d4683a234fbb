-- Has the orders of these licenses looked at where a person was erased of them: a license of theirs may be over now.
UPDATE erased_orders SET look_at = :now
WHERE source = coalesce(:source, (SELECT source FROM licenses WHERE license_key = :key))
  AND order_id = coalesce(:order_id, (SELECT order_id FROM licenses WHERE license_key = :key))
