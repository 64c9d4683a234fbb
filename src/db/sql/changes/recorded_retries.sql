-- How many rows of the outbox an operator has had tried again, now or when the same was sent before, if that was done.
SELECT detail ->> 'retried' AS retried FROM admin_actions WHERE id = :action_id
