-- Ends a turn at a comparison of which there is more to be read: it goes on at once.
UPDATE repository_watches SET compare_at = :now, comparison = :comparison, compare_error = NULL, silent_comparisons = 0
WHERE repo = :repo AND compare_at = :until
