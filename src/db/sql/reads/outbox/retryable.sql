-- How many rows of the outbox one request to have them tried again would take: what `changes/record_outbox_retries` looks for, counted up
-- to :count; and how many people that touches: buyers by their address, where one is known, else by their account.
SELECT count(*) AS found, count(DISTINCT person) AS people FROM (
  SELECT coalesce(
    (SELECT nullif(lower(l.email), '') FROM licenses l WHERE l.license_key = CASE o.kind
       WHEN 'license_mail' THEN o.subject
       WHEN 'reminder_mail' THEN (SELECT r.license_key FROM reminders r WHERE r.id = CAST(o.subject AS INTEGER))
       WHEN 'invitation_mail' THEN (SELECT min(a.license_key) FROM license_activations a
                                    WHERE a.github_user_id = CAST(o.subject AS INTEGER))
       WHEN 'grant' THEN (SELECT min(a.license_key) FROM license_activations a WHERE a.github_user_id = g.github_user_id)
     END),
    (SELECT v.email FROM recoveries v WHERE o.kind = 'recovery_mail' AND v.id = o.subject),
    CAST(g.github_user_id AS TEXT), o.subject) AS person
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
  ) f
  CROSS JOIN outbox o ON o.id = f.id
  LEFT JOIN grants g ON o.kind = 'grant' AND g.id = o.subject
)
