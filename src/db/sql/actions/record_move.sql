-- Records that a buyer binds a good license to another account of theirs, unless they did so a while ago; or, of one that was bound
-- to what was given at the checkout, while that may be corrected, which is marked and is no such move; what the operator has given in its
-- place is not corrected. The words are those of an
-- operator's transfer, so that whoever asks for the story of a license, or to be forgotten, finds both; who did it, the actor says.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id, detail)
SELECT :action_id, 'license.transfer', l.license_key, :reason, :actor, :now, :trace,
       json_patch(json_object('from', a.github_user_id, 'from_username', a.github_username,
                              'to', CAST(:user_id AS INTEGER), 'to_username', :login),
                  iif(:within_ms IS NULL, '{}', '{"correction":true}'))
FROM good_licenses l JOIN license_activations a ON a.license_key = l.license_key
WHERE l.license_key = :key AND l.good_until > :now AND l.test <= :allow_test
  AND a.github_user_id = :from_id AND a.github_user_id <> :user_id
  AND iif(:within_ms IS NULL,
          NOT EXISTS (SELECT 1 FROM admin_actions m
                      WHERE m.target = :key AND m.action = 'license.transfer' AND m.actor = :actor
                        AND m.acted_at > :now - :every_ms AND m.detail ->> 'correction' IS NULL),
          a.proof = 'checkout' AND a.activated_at > :now - :within_ms
            AND NOT EXISTS (SELECT 1 FROM admin_actions m
                            WHERE m.target = :key AND m.action = 'license.transfer' AND m.actor <> :actor))
ON CONFLICT (id) DO NOTHING
RETURNING id
