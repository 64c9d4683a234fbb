-- Records what a storefront says of a subscription, unless its delivery was dismissed meanwhile. The first time that something is
-- said stays. `:facts` are [[fact, payment, at, paid until, said at, order], …].
INSERT INTO subscription_facts (source, subscription_id, fact, payment_id, at, paid_until_at, said_at, order_id, recorded_at)
SELECT :source, :subscription_id, value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value ->> '$[3]', value ->> '$[4]',
       value ->> '$[5]', :now
FROM json_each(:facts)
WHERE NOT EXISTS (SELECT 1 FROM webhook_events e WHERE e.id = :event_id AND e.reason = 'dismissed' AND e.processed = 1)
ON CONFLICT (source, subscription_id, fact, payment_id, at) DO NOTHING
