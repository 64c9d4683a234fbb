-- Reserves an invitation for every leased grant that is wanted, among those that GitHub allows its repository in a day,
-- before anything is sent: one that seems to have failed may have been made. Who has a reservation keeps it, from now for
-- another day unless it is only minutes old, and nobody gets one where invitations are paused.
WITH asking AS MATERIALIZED (
  SELECT o.id, g.id AS grant_id, g.repo,
         EXISTS (SELECT 1 FROM invitation_reservations r
                 WHERE r.grant_id = g.id AND r.reserved_at > :now - :window_ms) AS reserved
  FROM outbox o JOIN grants g ON g.id = o.subject
  WHERE o.kind = 'grant' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
    AND EXISTS (SELECT 1 FROM open_claims c
                WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                  AND c.good_until > :now AND c.test <= :allow_test)
    AND NOT EXISTS (SELECT 1 FROM github_pauses p WHERE p.scope IN ('', g.repo) AND p.until_at > :now)
)
INSERT INTO invitation_reservations (grant_id, repo, reserved_at)
SELECT a.grant_id, a.repo, :now
FROM asking a
WHERE a.reserved
   OR :per_window > (SELECT count(*) FROM invitation_reservations r
                     WHERE r.repo = a.repo AND r.reserved_at > :now - :window_ms)
                    + (SELECT count(*) FROM asking earlier
                       WHERE NOT earlier.reserved AND earlier.id < a.id AND earlier.repo = a.repo COLLATE NOCASE)
ON CONFLICT (grant_id) DO UPDATE SET reserved_at = excluded.reserved_at
WHERE invitation_reservations.reserved_at <= excluded.reserved_at - :fresh_ms
