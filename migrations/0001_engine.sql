-- The engine's tables. Times are milliseconds since the Unix epoch, UTC. Migrations only go forward.

-- The audit log and the inbox: one row per authenticated delivery, written before anything else looks at it.
CREATE TABLE webhook_events (
  id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),  -- sorts by time
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  origin          TEXT    NOT NULL DEFAULT 'webhook' CHECK (origin IN ('webhook', 'reconciliation')),
  event_type      TEXT    NOT NULL DEFAULT 'unread' CHECK (length(event_type) BETWEEN 1 AND 64),
  payload         ANY,                            -- the body, byte for byte: text, or a blob where it is not text
  received_at     INTEGER NOT NULL,
  processed       INTEGER NOT NULL DEFAULT 0 CHECK (processed IN (0, 1)),
  processed_at    INTEGER,
  error           TEXT,                           -- why it is not processed
  note            TEXT,                           -- why it was processed without a new license
  source_order_id TEXT,                           -- the sale that it is about, once understood
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),  -- tries begun
  next_attempt_at INTEGER,                        -- null: processed, or waits for a person
  trace_id        TEXT    NOT NULL DEFAULT '',
  CHECK ((processed = 1) = (processed_at IS NOT NULL)),
  CHECK (processed = 0 OR (error IS NULL AND next_attempt_at IS NULL)),
  CHECK (typeof(payload) IN ('text', 'blob', 'null'))
) STRICT;
CREATE INDEX webhook_events_due ON webhook_events (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_events_order ON webhook_events (source, source_order_id) WHERE source_order_id IS NOT NULL;

-- What was sold, once per order.
CREATE TABLE sales (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  source_order_id TEXT    NOT NULL CHECK (length(source_order_id) BETWEEN 1 AND 128),
  product_id      TEXT    NOT NULL,
  variant_id      TEXT,
  email           TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  amount_cents    INTEGER NOT NULL CHECK (amount_cents >= 0),
  currency        TEXT    NOT NULL,
  quantity        INTEGER NOT NULL CHECK (quantity >= 1),
  offer_code      TEXT,
  variants        TEXT    NOT NULL CHECK (json_valid(variants)),       -- [[category, option], …]
  custom_fields   TEXT    NOT NULL CHECK (json_valid(custom_fields)),  -- [[name, value], …]
  country         TEXT,
  subscription_id TEXT,
  test            INTEGER NOT NULL CHECK (test IN (0, 1)),
  sold_at         INTEGER NOT NULL,
  event_id        TEXT    NOT NULL REFERENCES webhook_events (id),
  PRIMARY KEY (source, source_order_id)
) STRICT, WITHOUT ROWID;

-- One sale, one license, however often the storefront repeats itself. A storefront that issues keys itself may issue
-- several for an order; there, source_order_id is the order and the key's id.
CREATE TABLE licenses (
  license_key     TEXT    NOT NULL PRIMARY KEY CHECK (length(license_key) BETWEEN 1 AND 128),
  kind            TEXT    NOT NULL CHECK (kind IN ('minted', 'storefront')),
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  source_order_id TEXT    NOT NULL CHECK (length(source_order_id) BETWEEN 1 AND 260),
  product_id      TEXT    NOT NULL,
  variant_id      TEXT,
  tier            TEXT    NOT NULL,
  email           TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  status          TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'revoked')),
  test            INTEGER NOT NULL CHECK (test IN (0, 1)),
  issued_at       INTEGER NOT NULL,
  expires_at      INTEGER,                        -- null: never
  event_id        TEXT    REFERENCES webhook_events (id),  -- null: learnt from the storefront when the key was used
  UNIQUE (source, source_order_id)
) STRICT, WITHOUT ROWID;

-- The one identity that a license is bound to: the primary key is what decides a race.
CREATE TABLE license_activations (
  license_key     TEXT    NOT NULL PRIMARY KEY REFERENCES licenses (license_key),
  github_username TEXT    NOT NULL CHECK (length(github_username) BETWEEN 1 AND 39),
  github_user_id  INTEGER NOT NULL CHECK (github_user_id > 0),
  repos           TEXT    NOT NULL CHECK (json_type(repos) = 'array'),
  permission      TEXT    NOT NULL CHECK (permission IN ('pull', 'triage', 'push', 'maintain', 'admin')),
  activated_at    INTEGER NOT NULL,
  trace_id        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What is owed to the outside world, written in the transaction of the fact that causes it.
CREATE TABLE outbox (
  id              INTEGER PRIMARY KEY,
  kind            TEXT    NOT NULL CHECK (kind IN ('license_mail', 'invitation', 'removal', 'alert_mail')),
  dedupe_key      TEXT    NOT NULL UNIQUE,        -- what it is for: owed at most once
  license_key     TEXT    REFERENCES licenses (license_key),
  repo            TEXT,
  state           TEXT    NOT NULL CHECK (state IN ('due', 'leased', 'done', 'dead')),
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at INTEGER,                        -- when due, or when the lease runs out; null: done or dead
  lease_id        TEXT,
  last_error      TEXT,
  outcome         TEXT,                           -- 'sent', 'logged', 'invited', 'member', 'removed', 'canceled', or 'skipped'
  reference       TEXT,                           -- the other side's own id of it
  trace_id        TEXT    NOT NULL,
  created_at      INTEGER NOT NULL,
  done_at         INTEGER,
  CHECK ((state = 'leased') = (lease_id IS NOT NULL)),
  CHECK ((state IN ('due', 'leased')) = (next_attempt_at IS NOT NULL)),
  CHECK ((state = 'done') = (done_at IS NOT NULL)),
  CHECK (kind NOT IN ('invitation', 'removal') OR (license_key IS NOT NULL AND repo IS NOT NULL)),
  CHECK (kind <> 'license_mail' OR license_key IS NOT NULL)
) STRICT;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX outbox_license ON outbox (license_key) WHERE license_key IS NOT NULL;

-- Products that a good license was for and that products.toml does not name: the seller has to say what they open.
CREATE TABLE unmapped_products (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  product_id      TEXT    NOT NULL,
  variant_id      TEXT    NOT NULL,               -- empty: none
  first_seen_at   INTEGER NOT NULL,
  last_seen_at    INTEGER NOT NULL,
  times           INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (source, product_id, variant_id)
) STRICT, WITHOUT ROWID;
