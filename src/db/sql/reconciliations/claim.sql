-- Takes the list that is due the longest of those that can be read. A pass reads what was sold since the last whole pass
-- began, and the overlap before. The first pass of all goes further back, but not to before the first delivery, when another
-- shop system did the selling. A watermark ahead of the clock, which was set back since, counts as now.
--
-- What is due and cannot be read is moved on as if it were, so that nobody has to look at it every minute.
UPDATE reconciliations
SET due_at = :until, started_at = iif(page IS NULL, :now, started_at)
WHERE due_at <= :now
  AND ((source, list) = (SELECT source, list FROM (
         SELECT r.source, r.list, min(r.due_at) FROM reconciliations r
         WHERE (r.source, r.list) IN (SELECT value ->> '$.source', value ->> '$.list' FROM json_each(:readable))))
       OR (source, list) NOT IN (SELECT value ->> '$.source', value ->> '$.list' FROM json_each(:readable)))
RETURNING source, list, page, started_at, due_at,
  min(started_at, coalesce(watermark_at, max(
    started_at - :first_pass_ms + :overlap_ms,
    coalesce((SELECT received_at FROM webhook_events WHERE id = (SELECT min(id) FROM webhook_events)),
             started_at)))) - :overlap_ms AS since_at
