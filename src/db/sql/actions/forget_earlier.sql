-- Takes what an account had before for something that was given: it is lowered to what its licenses ask for, or taken away where none
-- asks for anything. A suspended license takes nothing away.
UPDATE grants
SET earlier = NULL, given = iif(given IS NULL OR earlier_rank > given_rank, earlier, given),
    state = iif(kept, state, 'revoking'), since_at = iif(kept, since_at, :now), until_at = iif(kept, until_at, NULL),
    reason = iif(kept, reason, NULL), turn_at = iif(kept, turn_at, NULL),
    history = iif(kept, history, json_insert(history, '$[#]', json_object(
      'at', CAST(:now AS INTEGER), 'state', 'revoking', 'cause', 'operator')))
FROM (
  SELECT g.id AS found_id,
         CASE g.earlier WHEN 'pull' THEN 1 WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 ELSE 5 END AS earlier_rank,
         CASE g.given WHEN 'pull' THEN 1 WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 ELSE 5 END AS given_rank,
         EXISTS (SELECT 1 FROM claims c
                 WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                   AND c.status IN ('active', 'suspended') AND c.good_until > :now AND c.test <= :allow_test) AS kept
  FROM grants g WHERE g.id = :grant_id)
WHERE id = found_id AND earlier IS NOT NULL AND EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id)
