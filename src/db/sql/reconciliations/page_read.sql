-- Ends a turn whose page was read: the next page is due at once, and without one the pass is over.
UPDATE reconciliations
SET page = :next, error = NULL,
    due_at = iif(:next IS NULL, :next_pass_at, :now),
    watermark_at = iif(:next IS NULL, started_at, watermark_at),
    finished_at = iif(:next IS NULL, :now, finished_at)
WHERE source = :source AND list = :list AND due_at = :until
