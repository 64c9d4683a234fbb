-- Has the repositories that the recorded replacement names be compared: those that are new within a day, whether or not there are
-- others.
INSERT INTO repository_watches (repo, compare_at)
SELECT value, :now + :every_ms FROM json_each(:repos)
WHERE (SELECT version FROM catalogue WHERE id = 1) = (SELECT detail ->> '$.version' FROM admin_actions WHERE id = :id)
ON CONFLICT (repo) DO UPDATE SET compare_at = coalesce(repository_watches.compare_at, excluded.compare_at)
