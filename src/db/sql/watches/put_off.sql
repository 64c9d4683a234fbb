-- Ends a turn in which something was not found out, and says why and when it is tried again. What was read of the list goes on
-- there.
UPDATE repository_watches SET look_at = :look_at, settled = 0, etag = NULL, error = :error, silent_looks = 0
WHERE repo = :repo AND look_at = :until
