-- Enqueues the mails of a license whose address is corrected, and of those of its order that have the same address: of each that
-- is minted and not activated. Whoever has activated has got a mail, but not of what was activated for the account that was given at
-- the checkout. One that is revoked is skipped in its turn, and so mailed once it is reinstated. It goes before the address is
-- corrected.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'license_mail', l.license_key, 'due', 0, :now, :trace, :now
FROM licenses k CROSS JOIN licenses l ON l.source = k.source AND l.order_id = k.order_id
WHERE k.license_key = :key AND (l.license_key = k.license_key OR lower(l.email) = lower(k.email))
  AND l.storefront_key_id = ''
  AND NOT EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = l.license_key AND a.proof <> 'checkout')
  AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, done_at = NULL, died_at = NULL,
  outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
