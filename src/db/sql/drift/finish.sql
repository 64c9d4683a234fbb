-- Ends a comparison.
UPDATE repository_watches
SET compare_at = :now + :every_ms, comparison = NULL, compared_at = :began_at, compare_error = NULL,
    silent_comparisons = 0
WHERE repo = :repo AND compare_at = :until
