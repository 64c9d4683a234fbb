-- Sets aside whatever is known by now to keep a license from being active; what becomes known later is not.
UPDATE licenses AS l
SET revoked_by_operator = 0,
    refund_set_aside = EXISTS (SELECT 1 FROM order_facts f
                               WHERE f.source = l.source AND f.order_id = l.order_id AND f.fact = 'refunded'),
    partial_refund_set_aside = EXISTS (SELECT 1 FROM order_facts f
                                       WHERE f.source = l.source AND f.order_id = l.order_id
                                         AND f.fact = 'partially_refunded'),
    dispute_set_aside = EXISTS (SELECT 1 FROM order_facts f
                                WHERE f.source = l.source AND f.order_id = l.order_id AND f.fact = 'disputed'),
    lost_dispute_set_aside = EXISTS (SELECT 1 FROM order_facts f
                                     WHERE f.source = l.source AND f.order_id = l.order_id AND f.fact = 'dispute_lost')
WHERE l.license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
