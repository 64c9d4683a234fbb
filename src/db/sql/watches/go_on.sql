-- Ends a turn at a list of which there is more to be read: it goes on at once.
UPDATE repository_watches
SET look_at = :now, page = :page, read_so_far = :read_so_far, error = NULL, silent_looks = 0
WHERE repo = :repo AND look_at = :until
