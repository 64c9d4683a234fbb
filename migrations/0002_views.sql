-- What follows from the tables, each in one place.

-- Licenses that open something, until `good_until`: what is good is decided here and nowhere else in SQL. Licenses of test
-- purchases are among them; whether those open anything is a setting.
CREATE VIEW good_licenses AS
SELECT *, coalesce(ends_at, 9007199254740991) AS good_until FROM licenses WHERE status = 'active';

-- Licenses whose owner was erased from them, with when that is to be looked at. They are few, so they are joined from there.
CREATE VIEW erased_licenses AS
SELECT l.license_key, l.status, coalesce(l.ends_at, 9007199254740991) AS good_until, x.look_at
FROM erased_orders x CROSS JOIN licenses l ON l.source = x.source AND l.order_id = x.order_id
WHERE l.email = '';

-- What the operator has given by hand in answer to a delivery: the whole line of the order, or where the delivery was of a key
-- that the storefront issued, that key alone. Nothing is to be licensed beside it.
CREATE VIEW answered_by_hand AS
SELECT l.source, l.order_id, l.line, e.storefront_key_id
FROM licenses l JOIN webhook_events e ON e.id = l.event_id
WHERE l.section IS NOT NULL;

-- The facts of an order that stand: each until its own opposite was said, which for a dispute is that it was won or lost. What became
-- so again later stands again; of two that were said as of one time, or without any, the opposite holds.
CREATE VIEW standing_facts AS
SELECT f.source, f.order_id, f.fact, f.said_at
FROM order_facts f
WHERE NOT EXISTS (SELECT 1 FROM order_facts w
                  WHERE w.source = f.source AND w.order_id = f.order_id AND w.as_of >= f.as_of
                    AND w.fact IN (CASE f.fact WHEN 'disputed' THEN 'dispute_won' WHEN 'refunded' THEN 'refund_undone'
                                               WHEN 'partially_refunded' THEN 'partial_refund_undone' END,
                                   iif(f.fact = 'disputed', 'dispute_lost', NULL)));

-- What these do to each license of the order, unless the operator has set it aside. Of several statuses the one that comes first
-- in the alphabet holds. A refund of a subscription's first payment takes away what that bought, and a license that is paid for
-- again and again only where nothing else is paid.
CREATE VIEW license_consequences AS
SELECT l.license_key, f.fact, f.said_at, l.consequences ->> f.fact AS status
FROM licenses l JOIN standing_facts f ON f.source = l.source AND f.order_id = l.order_id
WHERE l.consequences ->> f.fact IS NOT NULL
  AND NOT CASE f.fact WHEN 'refunded' THEN l.refund_set_aside
                      WHEN 'partially_refunded' THEN l.partial_refund_set_aside
                      WHEN 'disputed' THEN l.dispute_set_aside
                      WHEN 'dispute_lost' THEN l.lost_dispute_set_aside ELSE 0 END
  AND NOT (f.fact = 'refunded' AND l.paid_once = 0
           AND EXISTS (SELECT 1 FROM subscriptions s INDEXED BY subscriptions_order
                       WHERE s.source = l.source AND s.order_id = l.order_id AND s.unrefunded = 1));

-- The keys that their storefront has disabled, unless the operator has set that word aside.
CREATE VIEW disabled_keys AS
SELECT source, storefront_key_id, recorded_at FROM storefront_keys
WHERE disabled = 1 AND said_at > coalesce(set_aside_at, -9007199254740991);

-- The status that each license has to have, and its end, whatever was said first.
--
-- A license of a subscription expires with what is paid, or where it goes on since, no sooner than that; where what is paid is not
-- known, with the end that was told, unless it goes on since. One that was ended at once is over since then, whatever was paid before,
-- unless it goes on or is paid since. A stop counts that is of the present period, and that nobody took back in it. A refund that has
-- no consequences for the license takes no period away, and where all that was paid is refunded, that is a refund of the order. A storefront's own key ends with the first of its own end and the
-- subscription's. What was minted for years of the catalogue's keeps the end that it has.
--
-- The subscription is looked up by its id: SQLite would work a view of its own out for every license there is.
CREATE VIEW license_standings AS
SELECT license_key, status, term, expires_at,
       coalesce(CASE term WHEN 'catalogue' THEN iif(kept_after_expiry, NULL, expires_at + grace_ms)
                          WHEN 'key' THEN iif(kept_after_expiry, NULL, expires_at)
                          WHEN 'renewing' THEN iif(kept_after_end, NULL, expires_at + grace_ms)
                          ELSE iif(kept_after_end, NULL, expires_at) END, 9007199254740991) AS good_until
FROM (
  SELECT license_key, kept_after_expiry, kept_after_end, grace_ms, status,
         CASE WHEN key_expires_at <= coalesce(lasts_until, key_expires_at) THEN 'key'
              WHEN subscription_id IS NULL THEN 'catalogue'
              WHEN ended_at <= lasts_until THEN 'stopped'
              WHEN stops_at >= lasts_until AND coalesce(resumed_at, 0) <= coalesce(last_paid_at, 0) THEN 'stopped'
              WHEN paid_until IS NULL AND stops_at > coalesce(resumed_at, 0) AND stops_at >= coalesce(lapsed_at, 0) THEN 'stopped'
              ELSE 'renewing' END AS term,
         CASE WHEN key_expires_at <= coalesce(lasts_until, key_expires_at) THEN key_expires_at
              WHEN subscription_id IS NOT NULL THEN lasts_until
              ELSE own_expires_at END AS expires_at
  FROM (
    SELECT *, CASE WHEN paid_until IS NOT NULL
                     THEN min(max(paid_until, coalesce(resumed_at, paid_until)), coalesce(ended_at, 9007199254740991))
                   WHEN max(coalesce(stops_at, 0), coalesce(lapsed_at, 0)) > coalesce(resumed_at, 0)
                     THEN max(coalesce(stops_at, 0), coalesce(lapsed_at, 0)) END AS lasts_until
    FROM (
      SELECT l.license_key, l.kept_after_expiry, l.kept_after_end, l.grace_ms,
             iif(l.term = 'catalogue', l.expires_at, l.catalogue_expires_at) AS own_expires_at,
             k.expires_at AS key_expires_at,
             s.subscription_id, s.last_paid_at, s.resumed_at, s.stops_at, s.lapsed_at,
             iif(s.ended_at > coalesce(s.resumed_at, 0) AND s.ended_at >= coalesce(s.last_paid_at, 0), s.ended_at, NULL) AS ended_at,
             iif(l.consequences ->> 'refunded' IS NULL OR l.refund_set_aside, s.paid_until_at, s.unrefunded_until_at) AS paid_until,
             CASE
               WHEN l.revoked_by_operator = 1 THEN 'revoked'
               ELSE coalesce(nullif(min(coalesce((SELECT min(c.status) FROM license_consequences c
                                                  WHERE c.license_key = l.license_key), '~'),
                                        iif(l.refund_set_aside = 0 AND s.unrefunded = 0 AND s.last_paid_at IS NOT NULL,
                                            coalesce(l.consequences ->> 'refunded', '~'), '~')), '~'),
                             (SELECT 'suspended' FROM disabled_keys d
                              WHERE d.source = l.source AND d.storefront_key_id = l.storefront_key_id),
                             'active')
             END AS status
      FROM licenses l
      LEFT JOIN storefront_keys k ON k.source = l.source AND k.storefront_key_id = l.storefront_key_id
      LEFT JOIN subscriptions s ON l.paid_once = 0 AND s.source = l.source AND s.subscription_id = (
        SELECT min(o.subscription_id) FROM subscriptions o WHERE o.source = l.source AND o.order_id = l.order_id))));

-- What each bound license claims for its identity, with the name of the grant that it is a claim on. A higher rank permits
-- more.
CREATE VIEW claims AS
SELECT a.license_key, a.github_user_id, a.github_username, a.github_user_id || ':' || lower(e.repo) AS grant_id, e.repo,
       e.permission,
       CASE e.permission WHEN 'pull' THEN 1 WHEN 'triage' THEN 2 WHEN 'push' THEN 3 WHEN 'maintain' THEN 4 ELSE 5 END
         AS permission_rank,
       l.status, l.test, coalesce(l.ends_at, 9007199254740991) AS good_until, l.ended, l.source, l.order_id
FROM license_activations a
JOIN licenses l ON l.license_key = a.license_key
JOIN entitlements e ON e.license_key = a.license_key;

-- What each bound license is for, whose it is and what it opens, as one text: whoever has read it can tell by it whether the license
-- has changed since.
CREATE VIEW bound_terms AS
SELECT a.license_key,
       json_array(a.github_user_id, coalesce(l.section, l.source), l.product_id, l.variant_id, json(a.repos), json(a.chosen),
                  json((SELECT json_group_array(json_array(e.repo, e.permission)) FROM entitlements e
                        WHERE e.license_key = a.license_key))) AS terms
FROM license_activations a JOIN licenses l ON l.license_key = a.license_key;

-- Those of good licenses, until `good_until`.
CREATE VIEW open_claims AS SELECT * FROM claims WHERE status = 'active';

-- What buyers are told of invitations, for each license that claims it: those that were made anew, while nobody has accepted them,
-- and those that expired. Whoever was erased is told nothing.
CREATE VIEW invitation_news AS
SELECT c.license_key, c.github_user_id, c.status, c.test, c.good_until
FROM claims c JOIN grants g ON g.id = c.grant_id JOIN licenses l ON l.license_key = c.license_key
WHERE l.email <> '' AND (g.state = 'expired' OR g.state = 'invited' AND g.renewals > 0);

-- The mails to buyers about a license that are to be sent, until `good_until`: those of good licenses. A reminder has to be of the end that its
-- license has, and comes too late once that is there. Those of test purchases are among them.
CREATE VIEW good_mails AS
SELECT o.id, l.test, iif(o.kind = 'reminder_mail', l.expires_at, l.good_until) AS good_until
FROM outbox o
LEFT JOIN reminders r ON o.kind = 'reminder_mail' AND r.id = CAST(o.subject AS INTEGER)
JOIN good_licenses l ON l.license_key = iif(o.kind = 'reminder_mail', r.license_key, o.subject)
WHERE o.kind = 'license_mail'
   OR (o.kind = 'reminder_mail' AND l.expires_at = r.expires_at AND l.email <> '' AND l.term <> 'renewing' AND l.ends_at IS NOT NULL);

-- What is still to be done for a license, or was: its mail and its grants. `removes` is 1 where access is taken away. The
-- lower the rank, the more it decides about the license: one that only a person can mend before all, a dead one first; then the
-- mail, then access, then what the operator has canceled, and last what the buyer has still to accept. What else is done decides
-- nothing.
CREATE VIEW license_outbox AS
SELECT o.subject AS license_key, o.id, o.kind, 0 AS removes,
       CASE WHEN o.state = 'dead' THEN 1 WHEN o.person_needed = 1 THEN 2 WHEN o.state <> 'done' THEN 3
            WHEN o.outcome = 'canceled' THEN 5 END AS rank
FROM outbox o WHERE o.kind = 'license_mail'
UNION ALL
SELECT c.license_key, o.id, o.kind, g.state IN ('revoking', 'revoked'),
       CASE WHEN o.state = 'dead' THEN 1 WHEN o.person_needed = 1 THEN 2 WHEN o.state <> 'done' THEN 4
            WHEN o.outcome = 'canceled' THEN 5
            WHEN g.state = 'expired' THEN 6 WHEN g.state = 'declined' THEN 7 WHEN g.state = 'invited' THEN 8 END
FROM claims c
JOIN grants g ON g.id = c.grant_id
JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id;

-- Which row of the outbox decides about each license, if one does, and how much the license presses: the lower the rank, the
-- more. A license that is not active, or has ended, waits only for what takes its access away; and whoever has activated needs no mail any
-- more.
CREATE VIEW license_ranks AS
SELECT l.license_key, l.source, l.order_id, l.event_id, o.id AS outbox_id,
       CASE
         WHEN o.state = 'dead' OR o.person_needed = 1 THEN 1
         WHEN l.status <> 'active' OR l.ended = 1 OR o.outcome = 'canceled' THEN 6
         WHEN o.kind = 'license_mail' THEN 2
         WHEN a.license_key IS NULL OR o.state = 'done' THEN 4
         WHEN o.id IS NOT NULL THEN 3
         ELSE 5
       END AS rank
FROM licenses l
LEFT JOIN license_activations a ON a.license_key = l.license_key
LEFT JOIN outbox o ON o.id = (
  SELECT id FROM (
    SELECT x.id, x.rank FROM license_outbox x
    WHERE x.license_key = l.license_key AND x.rank IS NOT NULL
      AND (l.status = 'active' AND l.ended = 0 OR x.removes = 1 AND x.rank <= 2)
      AND (x.rank < 5 OR x.kind = 'grant' OR a.license_key IS NULL)
    ORDER BY x.rank LIMIT 1));

-- What became of each delivery: exactly one state, since when, and why, as a code. Of several licenses that it brought, the
-- one that presses most decides. The tables are joined here one by one, since SQLite would work out a view of theirs for every
-- license there is; that license and its row of the outbox are found as one value, since each would else be looked for by itself.
CREATE VIEW sale_states AS
SELECT e.id AS event_id, e.source, e.order_id, l.license_key,
       CASE
         WHEN e.processed = 0 AND e.next_attempt_at IS NULL THEN 'needs_seller'
         WHEN e.processed = 0 THEN 'in_progress'
         WHEN l.license_key IS NULL THEN 'ignored'
         WHEN o.state = 'dead' OR o.person_needed = 1 THEN 'needs_seller'
         WHEN l.status <> 'active' OR l.ended = 1 OR o.outcome = 'canceled' THEN 'ignored'
         WHEN o.kind = 'license_mail' THEN 'in_progress'
         WHEN a.license_key IS NULL OR o.state = 'done' THEN 'waiting_on_buyer'
         WHEN o.id IS NOT NULL THEN 'waiting_on_github'
         ELSE 'fulfilled'
       END AS state,
       CASE
         WHEN e.processed = 0 THEN coalesce(e.stuck_at, e.received_at)
         WHEN l.license_key IS NULL THEN e.processed_at
         WHEN o.state = 'dead' THEN o.died_at
         WHEN l.revoked_by_operator = 1 THEN coalesce(
           (SELECT max(acted_at) FROM admin_actions WHERE target = l.license_key AND action = 'license.revoke'), l.issued_at)
         WHEN k.recorded_at IS NOT NULL AND l.status = 'suspended' THEN k.recorded_at
         WHEN l.status <> 'active' THEN coalesce(
           (SELECT min(c.said_at) FROM license_consequences c
            WHERE c.license_key = l.license_key AND c.status = l.status), l.issued_at)
         WHEN l.ended = 1 THEN coalesce(l.ends_at, l.issued_at)
         WHEN o.state = 'done' AND o.outcome <> 'canceled' THEN g.since_at
         WHEN o.id IS NOT NULL THEN coalesce(o.done_at, o.created_at)
         ELSE coalesce(a.activated_at, l.issued_at)
       END AS since,
       CASE
         WHEN e.processed = 0 THEN coalesce(e.reason, 'just_arrived')
         WHEN l.license_key IS NULL THEN coalesce(e.reason, 'nothing_to_do')
         WHEN o.state = 'dead' AND o.kind = 'license_mail' THEN iif(
           EXISTS (SELECT 1 FROM returned_mails r WHERE r.reference = o.reference), 'mail_bounced', 'mail_failed')
         WHEN o.state = 'dead' AND g.state IN ('revoking', 'revoked') THEN 'removal_failed'
         WHEN o.state = 'dead' THEN 'invitation_failed'
         WHEN o.person_needed = 1 AND o.kind = 'license_mail' THEN 'mail_blocked'
         WHEN o.person_needed = 1 AND g.state IN ('revoking', 'revoked') THEN 'removal_blocked'
         WHEN o.person_needed = 1 THEN 'invitation_blocked'
         WHEN l.revoked_by_operator = 1 THEN 'revoked_by_operator'
         WHEN l.status = 'revoked' THEN coalesce(
           (SELECT c.fact FROM license_consequences c
            WHERE c.license_key = l.license_key AND c.status = 'revoked' ORDER BY c.said_at LIMIT 1), 'refunded')
         WHEN k.recorded_at IS NOT NULL AND l.status = 'suspended' THEN 'disabled_by_storefront'
         WHEN l.status = 'suspended' THEN 'disputed'
         WHEN l.ended = 1 THEN 'expired'
         WHEN o.outcome = 'canceled' AND o.kind = 'license_mail' THEN 'mail_canceled'
         WHEN o.outcome = 'canceled' THEN 'invitation_canceled'
         WHEN o.kind = 'license_mail' THEN 'mail_pending'
         WHEN a.license_key IS NULL THEN 'not_activated'
         WHEN o.state = 'done' THEN iif(g.state = 'expired', 'expired_invitation', g.state)
         WHEN o.id IS NOT NULL THEN 'invitation_pending'
         ELSE 'activated'
       END AS reason,
       l.status AS license_status, o.id AS outbox_id
FROM webhook_events e
LEFT JOIN json_each((
  SELECT json_array(json_array(license_key, outbox_id)) FROM (
    SELECT r.license_key, r.outbox_id, r.rank FROM license_ranks r
    WHERE r.source = e.source AND r.order_id = e.order_id AND r.event_id = e.id
    ORDER BY r.rank LIMIT 1))) decisive
LEFT JOIN licenses l ON l.license_key = decisive.value ->> 0
LEFT JOIN license_activations a ON a.license_key = l.license_key
LEFT JOIN outbox o ON o.id = decisive.value ->> 1
LEFT JOIN grants g ON o.kind = 'grant' AND g.id = o.subject
LEFT JOIN disabled_keys k ON k.source = l.source AND k.storefront_key_id = l.storefront_key_id;
