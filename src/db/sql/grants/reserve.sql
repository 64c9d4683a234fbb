-- Reserves an invitation for every leased grant that is wanted, before anything is sent: one that seems to have failed may have
-- been made. Every attempt counts among those that GitHub allows its repository in a day, unless GitHub refused it. An account to
-- which three were made, or are being made, gets no fourth: whoever asks again and again must not use up the others'. Nobody gets
-- one where invitations are paused.
--
-- First come those who have an invitation or are in: theirs ends before long, or is to be raised or lowered. Then those whose turn it
-- is, in their order; those whose turn came before and who still wait keep one each. Whoever has just come gets one only where nobody waits.
WITH asking AS MATERIALIZED (
  SELECT o.id, g.id AS grant_id, g.repo, iif(g.state IN ('invited', 'member'), 0, coalesce(g.turn_at, :now)) AS place
  FROM outbox o JOIN grants g ON g.id = o.subject
  WHERE o.queue = 'grants' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
    AND EXISTS (SELECT 1 FROM open_claims c
                WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                  AND c.good_until > :now AND c.test <= :allow_test)
    AND NOT EXISTS (SELECT 1 FROM github_pauses p WHERE p.scope IN ('', g.repo) AND p.until_at > :now)
    AND :per_grant > (SELECT count(*) FROM invitation_reservations r
                      WHERE r.grant_id = g.id AND r.reserved_at > :now - :window_ms
                        AND (r.made = 1 OR r.reserved_at > :now - :lease_ms))
    AND (g.turn_at <= :now OR g.state IN ('invited', 'member')
         OR g.turn_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM grants w JOIN outbox q ON q.kind = 'grant' AND q.subject = w.id
                            WHERE w.repo = g.repo AND w.turn_at IS NOT NULL AND q.state IN ('due', 'leased')))
)
INSERT INTO invitation_reservations (repo, grant_id, lease_id, reserved_at)
SELECT a.repo, a.grant_id, :lease_id, :now
FROM asking a
WHERE :per_window > (SELECT count(*) FROM invitation_reservations r
                     WHERE r.repo = a.repo AND r.reserved_at > :now - :window_ms)
                    + (SELECT count(*) FROM asking earlier
                       WHERE (earlier.place, earlier.id) < (a.place, a.id) AND earlier.repo = a.repo COLLATE NOCASE)
                    + (SELECT count(*) FROM grants w JOIN outbox q ON q.kind = 'grant' AND q.subject = w.id
                       WHERE w.repo = a.repo AND w.turn_at IS NOT NULL AND w.turn_at < a.place
                         AND w.state IN ('pending', 'waiting') AND q.state = 'due')
