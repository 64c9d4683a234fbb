-- Takes the repository that is due the longest to be looked at, until then, unless GitHub is left alone. A reading that takes too
-- long begins anew: what its first pages said is too old. That it was taken counts until a word comes of it.
UPDATE repository_watches
SET look_at = :until, silent_looks = silent_looks + 1,
    began_at = iif(began_at > :now - :longest_ms, began_at, :now),
    page = iif(began_at > :now - :longest_ms, page, 1),
    read_so_far = iif(began_at > :now - :longest_ms, read_so_far, NULL)
WHERE repo = (SELECT repo FROM repository_watches WHERE turn_at <= :now AND look_at <= :now ORDER BY turn_at LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM github_pauses p WHERE p.scope = '' AND p.until_at > :now)
RETURNING repo, look_at, began_at, page, read_so_far, looked_at, listed, settled, etag, silent_looks
