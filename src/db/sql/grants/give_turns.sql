-- Gives a turn to every leased grant that is wanted and for which no invitation is to be had, once: behind all who wait for one to
-- the same repository, some time after the last of these, and when so many of those that count by then are over that it gets one of
-- its day. Who has an invitation, or is in, waits outside the line, and so does who was invited as often as that may be in a day, and
-- everybody while invitations are paused.
WITH asking AS MATERIALIZED (
  SELECT g.id AS grant_id, g.repo, row_number() OVER (PARTITION BY g.repo ORDER BY o.id) AS nth
  FROM outbox o JOIN grants g ON g.id = o.subject
  WHERE o.queue = 'grants' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
    AND g.turn_at IS NULL AND g.state NOT IN ('invited', 'member')
    AND NOT EXISTS (SELECT 1 FROM invitation_reservations r
                    WHERE r.grant_id = g.id AND r.lease_id = :lease_id AND r.reserved_at = :now)
    AND EXISTS (SELECT 1 FROM open_claims c
                WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                  AND c.good_until > :now AND c.test <= :allow_test)
    AND NOT EXISTS (SELECT 1 FROM github_pauses p WHERE p.scope IN ('', g.repo) AND p.until_at > :now)
    AND :per_grant > (SELECT count(*) FROM invitation_reservations r
                      WHERE r.grant_id = g.id AND r.reserved_at > :now - :window_ms
                        AND (r.made = 1 OR r.reserved_at > :now - :lease_ms))
), turns AS MATERIALIZED (
  SELECT a.grant_id,
         max(max(:now, coalesce((SELECT max(w.turn_at) FROM grants w WHERE w.repo = a.repo AND w.turn_at IS NOT NULL), 0))
               + a.nth * :turn_gap_ms,
             :window_ms + coalesce((
               SELECT counted.at
               FROM (SELECT at, row_number() OVER (ORDER BY at DESC) AS nth_last
                     FROM (SELECT * FROM (SELECT w.turn_at AS at FROM grants w
                                          WHERE w.repo = a.repo AND w.turn_at IS NOT NULL
                                          ORDER BY w.turn_at DESC LIMIT :turns_per_window)
                           UNION ALL
                           SELECT r.reserved_at FROM invitation_reservations r
                           WHERE r.repo = a.repo AND r.reserved_at > :now - :window_ms)) counted
               WHERE counted.nth_last = :turns_per_window + 1 - a.nth), 0)) AS at
  FROM asking a
)
UPDATE grants
SET turn_at = turns.at, state = 'waiting', since_at = iif(state = 'waiting', since_at, :now), until_at = turns.at, reason = :reason,
    history = iif(state = 'waiting', history,
                  json_insert(history, '$[#]', json_object('at', CAST(:now AS INTEGER), 'state', 'waiting', 'cause', 'attempt')))
FROM turns
WHERE id = turns.grant_id
