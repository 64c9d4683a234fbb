-- Records what a storefront says of an order. The first time that something is said stays.
INSERT INTO order_facts (source, order_id, fact, said_at)
SELECT :source, :order_id, value, :now FROM json_each(:facts) WHERE true
ON CONFLICT (source, order_id, fact) DO NOTHING
