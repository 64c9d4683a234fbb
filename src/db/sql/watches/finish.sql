-- Ends a turn at a list that was read whole, behind `watches/learn`. The next look is due at once where not all could be found
-- out that can be, else the sooner the younger the last invitation is, and never where nobody is invited any more. One that has ended
-- and waits to be made anew is not found out yet.
UPDATE repository_watches
SET look_at = CASE
      WHEN newest_until_at IS NULL THEN NULL
      WHEN :at_once = 1 THEN :now
      WHEN newest_until_at - :lifetime_ms > :now - :fresh_ms THEN :now + :soon_ms
      WHEN newest_until_at - :lifetime_ms > :now - :young_ms THEN :now + :later_ms
      ELSE :now + :latest_ms
    END,
    looked_at = began_at, began_at = NULL, page = NULL, read_so_far = NULL, listed = :listed,
    settled = (:settled = 1 AND NOT still_open), etag = iif(:settled = 1 AND NOT still_open, :etag, NULL), error = NULL, silent_looks = 0
FROM (SELECT (SELECT max(until_at) FROM grants WHERE repo = :repo AND state = 'invited') AS newest_until_at,
             EXISTS (SELECT 1 FROM json_each(:learned) l JOIN grants g ON g.id = l.value ->> '$.id'
                     WHERE g.state = 'invited' AND g.until_at = l.value ->> '$.until_at')
               OR EXISTS (SELECT 1 FROM grants WHERE repo = :repo AND state = 'invited' AND until_at <= :now) AS still_open)
WHERE repo = :repo AND look_at = :until
