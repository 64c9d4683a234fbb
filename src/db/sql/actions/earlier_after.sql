-- Whether an operator's word about what an account had before took effect, now or when it was sent before; and whether it has that.
SELECT EXISTS (SELECT 1 FROM admin_actions WHERE id = :action_id) AS acted, earlier IS NOT NULL AS stands FROM grants WHERE id = :grant_id
