-- The grants under a lease, with what decides in this very transaction what is to be done about each: the most that a good
-- license asks for, and where none does, why what there is stays as it is, if it does (a suspended license; one of a test
-- purchase, which opens nothing for now); whether an invitation is reserved, and else until when there is none to be had: for those
-- that were made to the account, or are under way, or until its turn, or where that is over until another of its repository's is free
-- for it; whether of an earlier one nobody knows what became of it, and what that can have been to at most, by any license that there
-- is or was; until when somebody else may still be inviting, until when GitHub, or this repository, is left alone, and how often in a
-- row the limits of both were met.
SELECT o.id, o.attempts, o.trace_id, g.id AS grant_id, g.github_user_id, g.github_username, g.repo, g.invitation_id,
       g.state, g.renewals, g.given, g.earlier, o.requested_at IS NOT NULL AS requested,
       (SELECT max(c.permission_rank) FROM open_claims c
        WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
          AND c.good_until > :now AND c.test <= :allow_test) AS wanted_rank,
       (SELECT CASE WHEN max(c.status = 'suspended' AND c.good_until > :now AND c.test <= :allow_test) THEN 'suspended'
                    WHEN g.state IN ('revoking', 'revoked') OR max(c.status = 'revoked' OR c.good_until <= :now) THEN NULL
                    WHEN count(*) > 0 THEN 'tests_off' END
        FROM claims c WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo) AS kept,
       EXISTS (SELECT 1 FROM invitation_reservations r
               WHERE r.grant_id = g.id AND r.lease_id = :lease_id AND r.reserved_at = :now) AS reserved,
       g.in_doubt OR o.silent_claims > 1 AS in_doubt,
       iif(g.in_doubt OR o.silent_claims > 1,
           (SELECT max(c.permission_rank) FROM claims c WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo),
           NULL) AS doubted_rank,
       iif((SELECT count(*) FROM invitation_reservations r
            WHERE r.grant_id = g.id AND r.reserved_at > :now - :window_ms AND r.made = 1) >= :per_grant,
           (SELECT min(r.reserved_at) + :window_ms FROM invitation_reservations r
            WHERE r.grant_id = g.id AND r.reserved_at > :now - :window_ms AND r.made = 1),
           coalesce(
             (SELECT max(r.reserved_at) + :lease_ms FROM invitation_reservations r
              WHERE r.grant_id = g.id AND r.reserved_at > :now - :lease_ms AND r.made = 0),
             iif(g.turn_at > :now, g.turn_at, NULL),
             (SELECT taken.reserved_at + :window_ms
              FROM (SELECT r.reserved_at, row_number() OVER (ORDER BY r.reserved_at) AS nth, count(*) OVER () AS number
                    FROM invitation_reservations r WHERE r.repo = g.repo AND r.reserved_at > :now - :window_ms) taken
              WHERE taken.nth = min(taken.number, max(1, 1 + taken.number - :per_window + (
                SELECT count(*) FROM grants w JOIN outbox q ON q.kind = 'grant' AND q.subject = w.id
                WHERE w.repo = g.repo AND w.turn_at IS NOT NULL AND w.turn_at < g.turn_at
                  AND w.state IN ('pending', 'waiting')
                  AND (q.state = 'due' OR q.lease_id = :lease_id AND NOT EXISTS (
                         SELECT 1 FROM invitation_reservations r
                         WHERE r.grant_id = w.id AND r.lease_id = :lease_id AND r.reserved_at = :now)))))),
             :now + :turn_gap_ms)) AS full_until_at, g.turn_at IS NOT NULL AS in_line,
       iif(o.taken_over_until_at > :now, o.taken_over_until_at, NULL) AS shared_until_at,
       (SELECT p.until_at FROM github_pauses p WHERE p.scope = '' AND p.until_at > :now) AS paused_until_at,
       (SELECT p.times FROM github_pauses p WHERE p.scope = '') AS limits_met,
       (SELECT p.until_at FROM github_pauses p WHERE p.scope = g.repo AND p.until_at > :now) AS repo_paused_until_at,
       (SELECT p.times FROM github_pauses p WHERE p.scope = g.repo) AS repo_limits_met
FROM outbox o LEFT JOIN grants g ON g.id = o.subject
WHERE o.queue = 'grants' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
ORDER BY o.id
