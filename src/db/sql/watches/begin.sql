-- Sees to it that the repository of a grant is looked at that was just recorded as invited: soon, for somebody may accept at once.
INSERT INTO repository_watches (repo, look_at)
SELECT g.repo, :now + :soon_ms FROM grants g WHERE g.id = :grant_id AND g.state = 'invited'
ON CONFLICT (repo) DO UPDATE SET look_at = min(coalesce(repository_watches.look_at, excluded.look_at), excluded.look_at)
