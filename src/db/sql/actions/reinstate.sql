-- Sets aside whatever keeps a license from being active by now; what becomes known later is not, nor what is known and does nothing
-- to it, such as the refund of one payment of several.
UPDATE licenses AS l
SET revoked_by_operator = 0,
    refund_set_aside = l.refund_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'refunded') OR EXISTS (
      SELECT 1 FROM subscriptions s INDEXED BY subscriptions_order
      WHERE l.paid_once = 0 AND s.source = l.source AND s.order_id = l.order_id AND s.unrefunded = 0 AND s.last_paid_at IS NOT NULL),
    partial_refund_set_aside = l.partial_refund_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'partially_refunded'),
    dispute_set_aside = l.dispute_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'disputed'),
    lost_dispute_set_aside = l.lost_dispute_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'dispute_lost')
WHERE l.license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
