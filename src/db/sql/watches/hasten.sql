-- Has a repository be looked at as soon as may be, where it would be later: GitHub told that somebody came or went. A look that is
-- under way is not disturbed, and the next one comes a minute after the last at the earliest, however much GitHub tells.
UPDATE repository_watches SET look_at = max(:now, coalesce(looked_at, 0) + :least_ms)
WHERE repo = :repo AND began_at IS NULL AND look_at > max(:now, coalesce(looked_at, 0) + :least_ms)
