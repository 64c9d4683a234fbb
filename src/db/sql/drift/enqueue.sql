-- Makes the grants due that were just noted as wanted since they were found missing.
INSERT INTO outbox (kind, subject, state, attempts, next_attempt_at, trace_id, created_at)
SELECT 'grant', g.id, 'due', 0, :now, :trace, :now
FROM drift d JOIN grants g ON g.id = d.github_user_id || ':' || lower(d.repo)
WHERE d.repo = :repo AND d.kind = 'missing' AND d.found_at = :now AND g.state = 'pending' AND g.since_at = :now
ON CONFLICT (kind, subject) DO UPDATE SET
  state = 'due', attempts = 0, next_attempt_at = excluded.next_attempt_at, requested_at = NULL, done_at = NULL, outcome = NULL,
  reference = NULL, last_error = NULL, person_needed = 0, trace_id = excluded.trace_id,
  history = json_insert(coalesce(outbox.history, '[]'), '$[#]', json_object('at', outbox.done_at, 'outcome', outbox.outcome))
WHERE outbox.state = 'done'
