-- Sets aside whatever keeps a license from being active by now; what becomes known later is not, nor what is known and does nothing
-- to it, such as the refund of one payment of several.
UPDATE licenses AS l
SET revoked_by_operator = 0,
    refund_set_aside = l.refund_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'refunded'),
    partial_refund_set_aside = l.partial_refund_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'partially_refunded'),
    dispute_set_aside = l.dispute_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'disputed'),
    lost_dispute_set_aside = l.lost_dispute_set_aside OR EXISTS (
      SELECT 1 FROM license_consequences c WHERE c.license_key = l.license_key AND c.fact = 'dispute_lost')
WHERE l.license_key = :key AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
