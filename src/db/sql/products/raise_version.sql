-- Gives the catalogue the version that the replacement was recorded with, and its descriptions. A row when it did.
UPDATE catalogue SET version = version + 1, descriptions = :descriptions, changed_at = :now
WHERE id = 1 AND version + 1 = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
RETURNING version
