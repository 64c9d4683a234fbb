-- Records that an operator erases what is held on a person, who is not named, where there is anything.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
SELECT :action_id, 'privacy.erase', :person, :reason, :actor, :now, :trace
WHERE json_array_length(:events) > 0
   OR EXISTS (SELECT 1 FROM orders WHERE lower(email) = :email)
   OR EXISTS (SELECT 1 FROM licenses WHERE lower(email) = :email)
   OR EXISTS (SELECT 1 FROM admin_actions
              WHERE instr(lower(reason), :email) > 0
                 OR action = 'license.correct_email'
                    AND (lower(detail ->> '$.from') = :email OR lower(detail ->> '$.to') = :email))
ON CONFLICT (id) DO NOTHING
