-- What running a shop for years needs: refunds and disputes, access taken away, alerts, reconciliation, an audit of the
-- operator's own changes.

-- What a storefront has said about an order since it was sold, or before the sale arrived. A fact is only ever added, so
-- that any order and repetition of deliveries ends the same.
CREATE TABLE order_facts (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  source_order_id TEXT    NOT NULL CHECK (length(source_order_id) BETWEEN 1 AND 128),
  refunded_at     INTEGER,                        -- in full
  disputed_at     INTEGER,
  dispute_won_at  INTEGER,                        -- by the seller
  PRIMARY KEY (source, source_order_id)
) STRICT, WITHOUT ROWID;

-- A license's status follows from the order's facts and the operator's word: revoked by the operator or by a refund that
-- was not set aside; else suspended by a dispute that is neither won nor set aside; else active.
ALTER TABLE licenses ADD COLUMN revoked_by_operator INTEGER NOT NULL DEFAULT 0 CHECK (revoked_by_operator IN (0, 1));
ALTER TABLE licenses ADD COLUMN refund_set_aside INTEGER NOT NULL DEFAULT 0 CHECK (refund_set_aside IN (0, 1));
ALTER TABLE licenses ADD COLUMN dispute_set_aside INTEGER NOT NULL DEFAULT 0 CHECK (dispute_set_aside IN (0, 1));
CREATE INDEX licenses_email ON licenses (lower(email));

CREATE INDEX license_activations_user ON license_activations (github_user_id);

-- Whose access a removal takes away: after a transfer it is no longer the license's identity.
ALTER TABLE outbox ADD COLUMN github_user_id INTEGER CHECK (github_user_id IS NULL OR github_user_id > 0);
ALTER TABLE outbox ADD COLUMN github_username TEXT;
-- What an alert is about, and in words what happened. Neither names a buyer.
ALTER TABLE outbox ADD COLUMN alert TEXT;
ALTER TABLE outbox ADD COLUMN detail TEXT;
-- When the invitation took its place among those that GitHub allows the repository in 24 hours.
ALTER TABLE outbox ADD COLUMN reserved_at INTEGER;
-- Since when the row is dead.
ALTER TABLE outbox ADD COLUMN died_at INTEGER;
-- Whether what it waits for is a person; it is tried every hour meanwhile.
ALTER TABLE outbox ADD COLUMN person_needed INTEGER NOT NULL DEFAULT 0 CHECK (person_needed IN (0, 1));
-- What became of it each time before it was owed once more: a list of {"at": …, "how": …}.
ALTER TABLE outbox ADD COLUMN history TEXT CHECK (history IS NULL OR json_valid(history));
CREATE INDEX outbox_reserved ON outbox (repo, reserved_at) WHERE reserved_at IS NOT NULL;
CREATE INDEX outbox_alerts ON outbox (alert, created_at, state) WHERE alert IS NOT NULL;
CREATE INDEX outbox_died ON outbox (died_at) WHERE died_at IS NOT NULL;

-- Since when the delivery waits for a person.
ALTER TABLE webhook_events ADD COLUMN stuck_at INTEGER;
-- Who bought, as far as that was understood of a delivery that is not processed.
ALTER TABLE webhook_events ADD COLUMN email TEXT;
CREATE INDEX webhook_events_stuck ON webhook_events (stuck_at) WHERE stuck_at IS NOT NULL;
CREATE INDEX webhook_events_erasable ON webhook_events (received_at) WHERE payload IS NOT NULL AND processed = 1;
CREATE INDEX webhook_events_reconciled ON webhook_events (received_at) WHERE origin = 'reconciliation';

-- How far the storefronts' own lists have been read back: one row per list.
CREATE TABLE reconciliations (
  list        TEXT    NOT NULL PRIMARY KEY CHECK (list IN ('gumroad_sales', 'lemonsqueezy_orders', 'lemonsqueezy_license_keys')),
  watermark   INTEGER,                            -- everything up to here was read; null: nothing yet
  started_at  INTEGER,                            -- of the pass under way, or of the last one
  page        TEXT,                               -- where the pass under way goes on; null: none is
  due_at      INTEGER NOT NULL,                   -- when the next page or pass is due; while one reads, until when it may
  finished_at INTEGER,                            -- of the last whole pass
  error       TEXT                                -- why the last try failed
) STRICT, WITHOUT ROWID;
CREATE INDEX reconciliations_due ON reconciliations (due_at);

-- The last tick, in one row.
CREATE TABLE cron (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  started_at INTEGER NOT NULL
) STRICT;

-- What the operator changed, and why. Never changed or removed.
CREATE TABLE admin_actions (
  id       TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),  -- sorts by time
  action   TEXT    NOT NULL CHECK (length(action) BETWEEN 1 AND 64),          -- such as 'license.revoke'
  target   TEXT    NOT NULL CHECK (length(target) BETWEEN 1 AND 200),         -- the event, license, row or person
  reason   TEXT    NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  actor    TEXT    NOT NULL CHECK (length(actor) BETWEEN 1 AND 100),
  detail   TEXT    CHECK (detail IS NULL OR json_valid(detail)),
  at       INTEGER NOT NULL,
  trace_id TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX admin_actions_target ON admin_actions (target, id);

-- What became of each delivery: exactly one state, since when, and why, in the operator's words. Its license is the one
-- that it brought; a key of a storefront stands under `order:key`, which the range finds as well.
CREATE VIEW sale_states AS
SELECT e.id AS event_id, e.source, e.origin, e.event_type, e.source_order_id, e.received_at, e.processed_at,
       e.attempts, e.next_attempt_at, e.trace_id, l.license_key, l.status AS license_status, o.id AS outbox_id,
       coalesce(l.product_id, s.product_id) AS product_id, coalesce(l.email, s.email, e.email) AS email,
       CASE
         WHEN e.processed = 0 AND e.next_attempt_at IS NULL THEN 'needs_seller'
         WHEN e.processed = 0 THEN 'in_progress'
         WHEN l.license_key IS NULL THEN 'ignored'
         WHEN o.state = 'dead' OR o.person_needed = 1 THEN 'needs_seller'
         WHEN l.status <> 'active' OR o.outcome = 'canceled' THEN 'ignored'
         WHEN o.kind = 'license_mail' THEN 'in_progress'
         WHEN a.license_key IS NULL THEN 'waiting_on_buyer'
         WHEN o.id IS NOT NULL THEN 'waiting_on_github'
         ELSE 'fulfilled'
       END AS state,
       CASE
         WHEN e.processed = 0 THEN coalesce(e.stuck_at, e.received_at)
         WHEN l.license_key IS NULL THEN e.processed_at
         WHEN o.state = 'dead' THEN coalesce(o.died_at, o.created_at)
         WHEN l.revoked_by_operator = 1 THEN coalesce(
           (SELECT max(at) FROM admin_actions WHERE target = l.license_key AND action = 'license.revoke'), l.issued_at)
         WHEN l.status = 'revoked' THEN coalesce(f.refunded_at, l.issued_at)
         WHEN l.status = 'suspended' THEN coalesce(f.disputed_at, l.issued_at)
         WHEN o.id IS NOT NULL THEN coalesce(o.done_at, o.created_at)
         ELSE coalesce(a.activated_at, l.issued_at)
       END AS since,
       CASE
         WHEN e.processed = 0 THEN coalesce(e.error, 'it has just arrived')
         WHEN l.license_key IS NULL THEN coalesce(e.note, 'its license was known already')
         WHEN o.state = 'dead' THEN
           CASE o.kind WHEN 'license_mail' THEN 'the mail was given up: '
                       WHEN 'removal' THEN 'taking away the access to ' || o.repo || ' was given up: '
                       ELSE 'the invitation to ' || o.repo || ' was given up: ' END || coalesce(o.last_error, '')
         WHEN l.revoked_by_operator = 1 THEN 'revoked by the operator'
         WHEN l.status = 'revoked' THEN 'refunded'
         WHEN l.status = 'suspended' THEN 'the payment is disputed'
         WHEN o.outcome = 'canceled' THEN
           iif(o.kind = 'license_mail', 'the operator canceled the mail with the key',
               'the operator canceled the invitation to ' || o.repo)
         WHEN o.kind = 'license_mail' THEN coalesce('the mail is tried again: ' || o.last_error, 'the mail is on its way')
         WHEN a.license_key IS NULL THEN 'the license is not activated yet'
         WHEN o.id IS NOT NULL THEN
           'the invitation to ' || o.repo || coalesce(' is tried again: ' || o.last_error, ' is on its way')
         ELSE 'activated for ' || a.github_username
       END AS why
FROM webhook_events e
LEFT JOIN licenses l ON l.source = e.source AND l.source_order_id >= e.source_order_id
                    AND l.source_order_id < e.source_order_id || ';' AND l.event_id = e.id
LEFT JOIN license_activations a ON a.license_key = l.license_key
LEFT JOIN sales s ON s.source = e.source AND s.source_order_id = e.source_order_id
LEFT JOIN order_facts f ON f.source = e.source AND f.source_order_id = e.source_order_id
-- The one row of what is owed that decides the state: one that only a person can mend before all, a dead one first; then
-- the mail, then an invitation, then what the operator has canceled. Whoever has activated needs no mail any more.
LEFT JOIN outbox o ON o.id = coalesce(
  (SELECT id FROM outbox WHERE license_key = l.license_key AND state = 'dead'
                           AND (l.status = 'active' OR kind = 'removal') LIMIT 1),
  (SELECT id FROM outbox WHERE license_key = l.license_key AND person_needed = 1
                           AND (l.status = 'active' OR kind = 'removal') LIMIT 1),
  (SELECT id FROM outbox WHERE license_key = l.license_key AND state IN ('due', 'leased') AND l.status = 'active'
                           AND kind = 'license_mail' LIMIT 1),
  (SELECT id FROM outbox WHERE license_key = l.license_key AND state IN ('due', 'leased') AND l.status = 'active'
                           AND kind = 'invitation' LIMIT 1),
  (SELECT id FROM outbox WHERE license_key = l.license_key AND outcome = 'canceled' AND l.status = 'active'
                           AND (kind = 'invitation' OR kind = 'license_mail' AND a.license_key IS NULL) LIMIT 1));

-- The same rows as the admin API shows them: JSON, times in RFC 3339. D1 takes 32 arguments of a function, which is
-- sixteen members of an object.
CREATE VIEW event_items AS
SELECT s.event_id AS id, s.source, s.state, s.license_key, s.source_order_id,
       json_object('id', s.event_id, 'source', s.source, 'origin', s.origin, 'event_type', s.event_type,
                   'status', s.state, 'since', strftime('%Y-%m-%dT%H:%M:%SZ', s.since / 1000, 'unixepoch'),
                   'why', s.why, 'source_order_id', s.source_order_id, 'product_id', s.product_id,
                   'email', s.email, 'license_key', s.license_key,
                   'received_at', strftime('%Y-%m-%dT%H:%M:%SZ', s.received_at / 1000, 'unixepoch'),
                   'processed_at', strftime('%Y-%m-%dT%H:%M:%SZ', s.processed_at / 1000, 'unixepoch'),
                   'attempts', s.attempts,
                   'next_attempt_at', strftime('%Y-%m-%dT%H:%M:%SZ', s.next_attempt_at / 1000, 'unixepoch'),
                   'trace_id', s.trace_id) AS item
FROM sale_states s;

CREATE VIEW license_items AS
SELECT l.license_key, l.kind, l.source, l.source_order_id, l.issued_at, lower(l.email) AS email, a.github_username,
       a.github_user_id,
       json_object('license_key', l.license_key, 'kind', l.kind, 'source', l.source,
                   'source_order_id', l.source_order_id, 'product_id', l.product_id, 'variant_id', l.variant_id,
                   'tier', l.tier, 'email', l.email, 'name', l.name, 'status', l.status,
                   'revoked_by_operator', json(iif(l.revoked_by_operator, 'true', 'false')),
                   'test', json(iif(l.test, 'true', 'false')),
                   'issued_at', strftime('%Y-%m-%dT%H:%M:%SZ', l.issued_at / 1000, 'unixepoch'),
                   'expires_at', strftime('%Y-%m-%dT%H:%M:%SZ', l.expires_at / 1000, 'unixepoch'),
                   'event_id', l.event_id,
                   'activation', CASE WHEN a.license_key IS NOT NULL THEN
                     json_object('github_username', a.github_username, 'github_user_id', a.github_user_id,
                                 'repos', json(a.repos), 'permission', a.permission,
                                 'activated_at', strftime('%Y-%m-%dT%H:%M:%SZ', a.activated_at / 1000, 'unixepoch'))
                   END) AS item
FROM licenses l LEFT JOIN license_activations a ON a.license_key = l.license_key;

CREATE VIEW outbox_items AS
SELECT id, license_key, state, kind,
       json_insert(json_object('id', id, 'kind', kind, 'license_key', license_key, 'repo', repo,
                   'github_username', github_username, 'state', state, 'attempts', attempts,
                   'next_attempt_at', strftime('%Y-%m-%dT%H:%M:%SZ', next_attempt_at / 1000, 'unixepoch'),
                   'last_error', last_error, 'outcome', outcome, 'reference', reference, 'alert', alert,
                   'detail', detail, 'created_at', strftime('%Y-%m-%dT%H:%M:%SZ', created_at / 1000, 'unixepoch'),
                   'ended_at', strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(done_at, died_at) / 1000, 'unixepoch'),
                   'trace_id', trace_id),
                   '$.person_needed', json(iif(person_needed, 'true', 'false'))) AS item
FROM outbox;

CREATE VIEW action_items AS
SELECT id, target,
       json_object('id', id, 'action', action, 'target', target, 'reason', reason, 'actor', actor,
                   'detail', json(detail), 'at', strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch'),
                   'trace_id', trace_id) AS item
FROM admin_actions;

CREATE VIEW sale_items AS
SELECT source, source_order_id, lower(email) AS email,
       json_object('source', source, 'source_order_id', source_order_id, 'product_id', product_id,
                   'variant_id', variant_id, 'email', email, 'name', name, 'amount_cents', amount_cents,
                   'currency', currency, 'quantity', quantity, 'offer_code', offer_code, 'variants', json(variants),
                   'custom_fields', json(custom_fields), 'country', country, 'subscription_id', subscription_id,
                   'test', json(iif(test, 'true', 'false')),
                   'sold_at', strftime('%Y-%m-%dT%H:%M:%SZ', sold_at / 1000, 'unixepoch')) AS item
FROM sales;

CREATE VIEW fact_items AS
SELECT source, source_order_id,
       json_object('refunded_at', strftime('%Y-%m-%dT%H:%M:%SZ', refunded_at / 1000, 'unixepoch'),
                   'disputed_at', strftime('%Y-%m-%dT%H:%M:%SZ', disputed_at / 1000, 'unixepoch'),
                   'dispute_won_at', strftime('%Y-%m-%dT%H:%M:%SZ', dispute_won_at / 1000, 'unixepoch')) AS item
FROM order_facts;

-- How what was owed for a license ended, each time that it was owed.
CREATE VIEW outbox_ends AS
SELECT license_key, kind, repo, coalesce(done_at, died_at) AS at,
       coalesce(outcome, 'given up: ' || last_error, 'given up') AS how
FROM outbox
UNION ALL
SELECT o.license_key, o.kind, o.repo, json_each.value ->> '$.at', json_each.value ->> '$.how'
FROM outbox o JOIN json_each(o.history);

-- What an operator did, in words.
CREATE VIEW action_words AS
SELECT target, at, action || coalesce(' to ' || (detail ->> '$.to_username'), '') || ' by ' || actor || ': ' || reason AS what
FROM admin_actions;

-- To whom a license was bound when it was activated: a transfer since then says from whom.
CREATE VIEW first_activations AS
SELECT a.license_key, a.activated_at AS at, 'activated for ' || coalesce(
  (SELECT c.detail ->> '$.from_username' FROM admin_actions c
   WHERE c.target = a.license_key AND c.action = 'license.transfer' ORDER BY c.id LIMIT 1), a.github_username) AS what
FROM license_activations a;

-- A delivery with its payload, as far as a person reads it, and what it led to.
CREATE VIEW event_details AS
SELECT i.id, json_insert(i.item,
  '$.payload', CASE typeof(e.payload) WHEN 'text' THEN substr(e.payload, 1, 100000) END,
  '$.payload_hex', CASE typeof(e.payload) WHEN 'blob' THEN hex(substr(e.payload, 1, 100000)) END,
  '$.payload_bytes', length(CAST(e.payload AS BLOB)),
  '$.sale', json((SELECT s.item FROM sale_items s WHERE s.source = i.source AND s.source_order_id = i.source_order_id)),
  '$.facts', json((SELECT f.item FROM fact_items f WHERE f.source = i.source AND f.source_order_id = i.source_order_id)),
  '$.license', json((SELECT l.item FROM license_items l WHERE l.license_key = i.license_key)),
  '$.outbox', json((SELECT json_group_array(json(o.item)) FROM outbox_items o WHERE o.license_key = i.license_key)),
  '$.timeline', json((
    SELECT json_group_array(json_object('at', strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch'), 'what', what)
                            ORDER BY at)
    FROM (SELECT e.received_at AS at, 'received' AS what
          UNION ALL SELECT e.processed_at, 'processed' || coalesce(': ' || e.note, '')
          UNION ALL SELECT e.stuck_at, 'left to a person: ' || e.error
          UNION ALL SELECT c.at, c.what FROM action_words c WHERE c.target = e.id
          UNION ALL SELECT h.at, h.what FROM (
            SELECT o.created_at AS at, o.kind || coalesce(' ' || o.repo, '') || ' owed' AS what FROM outbox o
            WHERE o.license_key = i.license_key
            UNION ALL
            SELECT o.at, o.kind || coalesce(' ' || o.repo, '') || ' ' || o.how
            FROM outbox_ends o WHERE o.license_key = i.license_key
            UNION ALL
            SELECT a.at, a.what FROM first_activations a WHERE a.license_key = i.license_key
            UNION ALL
            SELECT c.at, c.what FROM action_words c WHERE c.target = i.license_key) h)
    WHERE at IS NOT NULL))) AS item
FROM event_items i JOIN webhook_events e ON e.id = i.id;

-- A license with its whole history.
CREATE VIEW license_details AS
SELECT i.license_key, json_insert(i.item,
  '$.sale', json((SELECT s.item FROM sale_items s WHERE s.source = i.source AND s.source_order_id = o.order_id)),
  '$.facts', json((SELECT f.item FROM fact_items f WHERE f.source = i.source AND f.source_order_id = o.order_id)),
  '$.events', json((SELECT json_group_array(json(e.item)) FROM event_items e
                    WHERE e.source = i.source AND e.source_order_id = o.order_id)),
  '$.outbox', json((SELECT json_group_array(json(x.item)) FROM outbox_items x WHERE x.license_key = i.license_key)),
  '$.actions', json((SELECT json_group_array(json(c.item)) FROM action_items c WHERE c.target = i.license_key)),
  '$.timeline', json((
    SELECT json_group_array(json_object('at', strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch'), 'what', what)
                            ORDER BY at)
    FROM (SELECT e.received_at AS at, e.event_type || ' received' AS what FROM webhook_events e
          WHERE e.source = i.source AND e.source_order_id = o.order_id
          UNION ALL SELECT i.issued_at, 'license issued'
          UNION ALL SELECT a.at, a.what FROM first_activations a WHERE a.license_key = i.license_key
          UNION ALL SELECT c.at, c.what FROM action_words c WHERE c.target = i.license_key
          UNION ALL SELECT h.at, h.what FROM (
            SELECT x.created_at AS at, x.kind || coalesce(' ' || x.repo, '') || ' owed' AS what FROM outbox x
            WHERE x.license_key = i.license_key
            UNION ALL
            SELECT x.at, x.kind || coalesce(' ' || x.repo, '') || ' ' || x.how
            FROM outbox_ends x WHERE x.license_key = i.license_key
            UNION ALL
            SELECT f.refunded_at, 'refunded' FROM order_facts f
            WHERE f.source = i.source AND f.source_order_id = o.order_id
            UNION ALL
            SELECT f.disputed_at, 'payment disputed' FROM order_facts f
            WHERE f.source = i.source AND f.source_order_id = o.order_id
            UNION ALL
            SELECT f.dispute_won_at, 'dispute won' FROM order_facts f
            WHERE f.source = i.source AND f.source_order_id = o.order_id) h)
    WHERE at IS NOT NULL))) AS item
FROM license_items i
JOIN (SELECT license_key, iif(kind = 'storefront', substr(source_order_id, 1, instr(source_order_id || ':', ':') - 1),
                                source_order_id) AS order_id FROM licenses) o
  ON o.license_key = i.license_key;

-- Who paid and does not have everything, and what is owed otherwise: what a person has to do, and what is late or failing
-- (`pressing`) or has only begun. Newest first by `id`.
CREATE VIEW attention_items AS
SELECT printf('%015d-event-%s', e.received_at, e.id) AS id, e.received_at AS at, e.error IS NOT NULL AS pressing,
       json_object('kind', 'delivery', 'status', iif(e.next_attempt_at IS NULL, 'needs_seller', 'in_progress'),
                   'since', strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(e.stuck_at, e.received_at) / 1000, 'unixepoch'),
                   'why', coalesce(e.error, 'it has just arrived'),
                   'what_to_do', iif(e.next_attempt_at IS NULL, 'Mend the reason, then: ',
                                     'Nothing, it is tried again by itself. To try now: ') ||
                                 'cargo xtask admin events replay ' || e.id || ' --reason "…"',
                   'source', e.source, 'source_order_id', e.source_order_id,
                   'email', coalesce((SELECT s.email FROM sales s
                             WHERE s.source = e.source AND s.source_order_id = e.source_order_id), e.email),
                   'event_id', e.id, 'outbox_id', NULL, 'license_key', NULL, 'repo', NULL) AS item
FROM webhook_events e WHERE e.id IN (SELECT id FROM webhook_events WHERE stuck_at > 0
                                     UNION ALL SELECT id FROM webhook_events WHERE next_attempt_at > 0)
UNION ALL
SELECT printf('%015d-outbox-%015d', o.created_at, o.id), o.created_at, o.last_error IS NOT NULL,
       json_object('kind', o.kind, 'status', CASE WHEN o.state = 'dead' OR o.person_needed = 1 THEN 'needs_seller'
                                                  WHEN o.kind = 'invitation' THEN 'waiting_on_github'
                                                  ELSE 'in_progress' END,
                   'since', strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(o.died_at, o.created_at) / 1000, 'unixepoch'),
                   'why', coalesce(o.last_error, 'it has not been tried yet'),
                   'what_to_do', CASE WHEN o.state = 'dead' THEN 'Mend the reason, then: '
                                      WHEN o.person_needed = 1 THEN
                                        'Mend the reason: it is tried again every hour. To try at once: '
                                      ELSE 'Nothing, it is tried again by itself. To try now: ' END ||
                                 'cargo xtask admin outbox retry ' || o.id || ' --reason "…"',
                   'source', l.source, 'source_order_id', l.source_order_id, 'email', l.email,
                   'event_id', l.event_id, 'outbox_id', o.id, 'license_key', o.license_key, 'repo', o.repo)
FROM outbox o LEFT JOIN licenses l ON l.license_key = o.license_key
WHERE o.id IN (SELECT id FROM outbox WHERE died_at > 0 UNION ALL SELECT id FROM outbox WHERE next_attempt_at > 0);

-- The orders of a person, by mail address.
CREATE VIEW person_orders AS
SELECT lower(email) AS email, source, source_order_id FROM sales
UNION ALL
SELECT lower(email), source,
       iif(kind = 'storefront', substr(source_order_id, 1, instr(source_order_id || ':', ':') - 1), source_order_id)
FROM licenses;
