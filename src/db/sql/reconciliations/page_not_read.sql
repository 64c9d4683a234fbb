-- Ends a turn whose page was not read. It is tried once more; after that the pass begins anew, since it may be the page's
-- name that the storefront no longer takes.
UPDATE reconciliations
SET page = CASE WHEN error IS NULL THEN page END, error = :error, due_at = :due_at
WHERE source = :source AND list = :list AND due_at = :until
