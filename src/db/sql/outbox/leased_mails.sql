-- The mails to buyers under a lease, each with what its license is by now. A reminder is over that is not of the end which the
-- license has, or comes after it; a mail about invitations when none is open or has expired. That one is of a license that asks for
-- one of them, if possible of a good one. The mail of a recovery is over with its link, and of any license of the address, if possible
-- of one that was paid for: whatever that stands like, it is told.
SELECT o.id, o.kind, o.attempts, coalesce(json_array_length(o.history), 0) AS ended, o.trace_id, l.license_key, coalesce(l.section, l.source) AS section, l.product_id, l.variant_id,
       l.tier, l.email, l.name, l.test, l.term, l.expires_at, l.ends_at, l.kept_after_end,
       CASE WHEN o.kind = 'invitation_mail' THEN (
         SELECT json_group_array(json_array(g.repo, g.github_username, iif(g.state = 'invited', g.until_at, NULL)))
         FROM grants g
         WHERE g.id > o.subject || ':' AND g.id < o.subject || ';' AND (g.state = 'expired' OR g.state = 'invited' AND g.renewals > 0)
           AND EXISTS (SELECT 1 FROM open_claims c
                       WHERE c.github_user_id = g.github_user_id AND c.repo = g.repo
                         AND c.good_until > :now AND c.test <= :allow_test)) END AS invitations,
       v.seed,
       CASE WHEN o.kind = 'recovery_mail' THEN
              iif(l.license_key IS NULL OR v.used_at IS NOT NULL OR v.expires_at <= :now, 'expired', 'active')
            WHEN o.kind = 'reminder_mail'
                 AND (l.expires_at IS NOT r.expires_at OR l.expires_at <= :now OR l.ends_at IS NULL OR l.term = 'renewing'
                      OR l.email = '') THEN 'expired'
            WHEN o.kind = 'invitation_mail' AND l.license_key IS NULL THEN 'expired'
            WHEN l.status <> 'active' THEN l.status
            WHEN l.ends_at <= :now THEN 'expired'
            WHEN l.test > :allow_test THEN 'tests_off'
            ELSE 'active' END AS standing
FROM outbox o
LEFT JOIN reminders r ON o.kind = 'reminder_mail' AND r.id = CAST(o.subject AS INTEGER)
LEFT JOIN recoveries v ON o.kind = 'recovery_mail' AND v.id = o.subject
LEFT JOIN licenses l ON l.license_key = CASE o.kind
  WHEN 'reminder_mail' THEN r.license_key
  WHEN 'recovery_mail' THEN coalesce(
    (SELECT min(n.license_key) FROM licenses n WHERE lower(n.email) = v.email AND n.test = 0),
    (SELECT min(n.license_key) FROM licenses n WHERE lower(n.email) = v.email AND n.test <= :allow_test))
  WHEN 'invitation_mail' THEN coalesce(
    (SELECT min(n.license_key) FROM invitation_news n
     WHERE n.github_user_id = CAST(o.subject AS INTEGER)
       AND n.status = 'active' AND n.good_until > :now AND n.test <= :allow_test),
    (SELECT min(n.license_key) FROM invitation_news n WHERE n.github_user_id = CAST(o.subject AS INTEGER)))
  ELSE o.subject END
WHERE o.queue = 'mails' AND o.next_attempt_at = :until AND o.lease_id = :lease_id
ORDER BY o.id
