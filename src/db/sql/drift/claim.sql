-- Takes the repository that is due the longest to be compared, until then, unless GitHub is left alone. That it was
-- taken counts until a word comes of it.
UPDATE repository_watches SET compare_at = :until, silent_comparisons = silent_comparisons + 1
WHERE repo = (SELECT repo FROM repository_watches WHERE turn_at <= :now AND compare_at <= :now ORDER BY turn_at LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM github_pauses p WHERE p.scope = '' AND p.until_at > :now)
RETURNING repo, compare_at, comparison, silent_comparisons
