-- Records that an operator has a license mailed again: a minted, active one with an address.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'license.resend', l.license_key, :reason, :actor, :now, :trace FROM licenses l
WHERE l.license_key = :key AND l.storefront_key_id = '' AND l.status = 'active' AND l.email <> ''
ON CONFLICT (id) DO NOTHING
