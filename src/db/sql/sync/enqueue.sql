-- Makes the grants due that have just been noted as wanted or wanted no longer, and those whose licenses permit less by now. Those
-- that somebody is at right now are looked at again before the lease ends. What was answered to whoever waits for one is not true
-- any more, so it is tried at once when they ask again.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'grant', g.id, 'due', 0, :now, :trace, :now
FROM json_each(:touched) touched JOIN grants g ON g.id = touched.value ->> 0
WHERE EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
  AND (g.state IN ('pending', 'revoking') AND g.since_at = :now
       OR touched.value ->> 1 = 'lower' AND g.state IN ('pending', 'waiting', 'invited', 'member'))
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, lease_id = NULL, requested_at = NULL,
  done_at = NULL, died_at = NULL, outcome = NULL, reference = NULL, last_error = NULL, person_needed = 0,
  trace_id = excluded.trace_id,
  history = iif(outbox.state IN ('done', 'dead'),
                json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object(
                  'at', coalesce(outbox.done_at, outbox.died_at), 'outcome', outbox.outcome, 'error', outbox.last_error)),
                outbox.history)
WHERE NOT (outbox.state = 'leased' AND outbox.next_attempt_at > excluded.created_at)
