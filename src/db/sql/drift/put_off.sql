-- Ends a turn in which something was not found out, and says why and when it begins anew.
UPDATE repository_watches SET compare_at = :compare_at, comparison = NULL, compare_error = :error, silent_comparisons = 0
WHERE repo = :repo AND compare_at = :until
