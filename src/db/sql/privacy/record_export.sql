-- Records that an operator has read out what is held on a person, who is not named.
INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id)
VALUES (:action_id, 'privacy.export', :person, :reason, :actor, :now, :trace)
ON CONFLICT (id) DO NOTHING
