-- Records that an operator has rows of the outbox tried again, and which: what was given up, the longest ago first, then what waits for
-- a person, as far as it meets the filters; where there are any, and as many as the operator was shown. A mail that came back for its
-- address is left, since another try would come to the same; what was handed over, since a person has to look before; and alerts, since
-- nobody is told again of what one told. `changes/retry_recorded` then does it.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id, detail)
SELECT :action_id, 'outbox.retry_all', 'outbox', :reason, :actor, :now, :trace,
       json_object('state', :state, 'kind', :kind, 'error', :error, 'retried', count(*), 'rows', json_group_array(id))
FROM (
  SELECT id FROM (
    SELECT id FROM outbox
    WHERE died_at > 0 AND kind <> 'alert_mail' AND outcome IS NOT 'handed_over' AND coalesce(:state, 'dead') = 'dead'
      AND (:kind IS NULL OR kind = :kind) AND (:error IS NULL OR instr(last_error, :error) > 0)
      AND NOT EXISTS (SELECT 1 FROM returned_mails r
                      WHERE kind <> 'grant' AND r.reference = outbox.reference AND r.fate <> 'failed')
    ORDER BY died_at LIMIT :count)
  UNION ALL
  SELECT id FROM (
    SELECT id FROM outbox
    WHERE person_needed = 1 AND created_at > 0 AND state = 'due' AND kind <> 'alert_mail' AND coalesce(:state, 'due') = 'due'
      AND (:kind IS NULL OR kind = :kind) AND (:error IS NULL OR instr(last_error, :error) > 0)
    ORDER BY created_at LIMIT :count)
  LIMIT :count
) found
WHERE true HAVING count(*) > 0 AND count(*) = coalesce(:expected, count(*))
ON CONFLICT (id) DO NOTHING
