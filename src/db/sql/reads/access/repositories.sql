-- A page of the repositories that are watched, by name, with how many are in, are invited and wait. Of each kind no more than
-- :most are counted.
SELECT w.repo, w.error, w.compared_at, w.compare_error, w.comparison IS NOT NULL AS is_compared,
       (SELECT count(*) FROM (SELECT 1 FROM grants g WHERE g.repo = w.repo AND g.state IN ('member', 'removed_by_hand')
                                                       AND g.state = 'member' LIMIT :most)) AS members,
       (SELECT count(*) FROM (SELECT 1 FROM grants g WHERE g.repo = w.repo AND g.state = 'invited' LIMIT :most)) AS invited,
       (SELECT count(*) FROM (SELECT 1 FROM grants g WHERE g.repo = w.repo AND g.state = 'invited' AND g.until_at <= :soon
                              LIMIT :most)) AS expiring,
       (SELECT count(*) FROM (SELECT 1 FROM grants g WHERE g.repo = w.repo AND g.turn_at IS NOT NULL LIMIT :most)) AS in_line,
       (SELECT count(*) FROM invitation_reservations r WHERE r.repo = w.repo AND r.reserved_at > :since) AS begun,
       (SELECT count(*) FROM (SELECT 1 FROM drift d WHERE d.repo = w.repo LIMIT :most)) AS differences,
       (SELECT max(p.until_at) FROM github_pauses p WHERE p.scope IN ('', w.repo) AND p.until_at > :now) AS paused_until
FROM repository_watches w
WHERE w.repo > :after
ORDER BY w.repo
LIMIT :count
