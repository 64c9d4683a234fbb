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
CREATE INDEX outbox_reserved ON outbox (repo, reserved_at) WHERE reserved_at IS NOT NULL;
CREATE INDEX outbox_alerts ON outbox (alert, created_at) WHERE alert IS NOT NULL;
CREATE INDEX outbox_died ON outbox (died_at) WHERE died_at IS NOT NULL;

-- Since when the delivery waits for a person.
ALTER TABLE webhook_events ADD COLUMN stuck_at INTEGER;
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
       coalesce(l.product_id, s.product_id) AS product_id, coalesce(l.email, s.email) AS email,
       CASE
         WHEN e.processed = 0 AND e.next_attempt_at IS NULL THEN 'needs_seller'
         WHEN e.processed = 0 THEN 'in_progress'
         WHEN l.license_key IS NULL THEN 'ignored'
         WHEN o.state = 'dead' THEN 'needs_seller'
         WHEN l.status <> 'active' THEN 'ignored'
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
         WHEN o.id IS NOT NULL THEN o.created_at
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
-- The one row of what is owed that decides the state: a dead one before all, then the mail, then an invitation.
LEFT JOIN outbox o ON o.id = coalesce(
  (SELECT id FROM outbox WHERE license_key = l.license_key AND state = 'dead'
                           AND (l.status = 'active' OR kind = 'removal') LIMIT 1),
  (SELECT id FROM outbox WHERE license_key = l.license_key AND state IN ('due', 'leased') AND l.status = 'active'
                           AND kind = 'license_mail' LIMIT 1),
  (SELECT id FROM outbox WHERE license_key = l.license_key AND state IN ('due', 'leased') AND l.status = 'active'
                           AND kind = 'invitation' LIMIT 1));
