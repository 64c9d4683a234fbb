-- Makes the rows due now that `changes/record_outbox_retries` has recorded, with their attempts counted anew. Repeated, it leaves those
-- alone that are on their way.
UPDATE outbox
SET state = 'due', attempts = 0, next_attempt_at = :now, died_at = NULL, person_needed = 0,
    outcome = iif(state = 'dead', NULL, outcome), reference = iif(kind = 'grant', reference, NULL),
    history = iif(state = 'dead',
                  json_insert(coalesce(history, '[]'), '$[#]', json_object(
                    'at', died_at, 'outcome', outcome, 'error', last_error)),
                  history)
WHERE id IN (SELECT r.value FROM admin_actions a, json_each(a.detail, '$.rows') r WHERE a.id = :action_id)
  AND (state = 'dead' OR state = 'due' AND person_needed = 1)
