-- The engine's tables. Times are milliseconds since the Unix epoch, UTC, in columns that end in `_at`.

-- The audit log and the inbox: one row per authenticated delivery, written before anything else looks at it. What a
-- storefront's own list holds and no delivery told of is a row as well.
CREATE TABLE webhook_events (
  id              TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),  -- sorts by time
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  list            TEXT    CHECK (length(list) BETWEEN 1 AND 64),  -- the storefront's list that it was found in; null: a webhook
  event_type      TEXT    NOT NULL DEFAULT 'unread' CHECK (length(event_type) BETWEEN 1 AND 64),
  payload         ANY,                            -- the body, byte for byte: text, or a blob where it is not text
  received_at     INTEGER NOT NULL,
  processed       INTEGER NOT NULL DEFAULT 0 CHECK (processed IN (0, 1)),
  processed_at    INTEGER,
  reason          TEXT,                           -- a code: why it is not processed, or why no new license came of it
  error           TEXT,                           -- the same for a person, where it is not processed
  order_id        TEXT,                           -- the order that it is about, once understood
  storefront_key_id TEXT,                         -- of a key that the storefront issued: its id there
  email           TEXT,                           -- who bought, as far as that was understood of what is not processed
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),  -- tries begun
  silent_claims   INTEGER NOT NULL DEFAULT 0,     -- tries in a row of which no word came, the one under way included
  next_attempt_at INTEGER,                        -- null: processed, or waits for a person
  stuck_at        INTEGER,                        -- since when it waits for a person
  listed_as       TEXT,                           -- what the listed item said, so that it is found only once
  trace_id        TEXT    NOT NULL DEFAULT '',
  CHECK ((processed = 1) = (processed_at IS NOT NULL)),
  CHECK (processed = 0 OR (error IS NULL AND next_attempt_at IS NULL)),
  CHECK ((list IS NULL) = (listed_as IS NULL)),
  CHECK (typeof(payload) IN ('text', 'blob', 'null'))
) STRICT;
CREATE INDEX webhook_events_due ON webhook_events (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_events_suspect ON webhook_events (next_attempt_at) WHERE next_attempt_at IS NOT NULL AND silent_claims >= 2;
CREATE INDEX webhook_events_order ON webhook_events (source, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX webhook_events_stuck ON webhook_events (stuck_at) WHERE stuck_at IS NOT NULL;
CREATE INDEX webhook_events_stuck_newest ON webhook_events (id) WHERE stuck_at IS NOT NULL;
-- The two kinds of them that the operator is told of by themselves.
CREATE INDEX webhook_events_unmapped ON webhook_events (stuck_at) WHERE stuck_at IS NOT NULL AND reason = 'unmapped_product';
CREATE INDEX webhook_events_not_described ON webhook_events (stuck_at) WHERE stuck_at IS NOT NULL AND reason = 'not_described';
CREATE INDEX webhook_events_given_up ON webhook_events (stuck_at) WHERE stuck_at IS NOT NULL AND reason IS NOT 'unmapped_product';
CREATE INDEX webhook_events_erasable ON webhook_events (processed, received_at) WHERE payload IS NOT NULL;
CREATE INDEX webhook_events_listed ON webhook_events (received_at) WHERE list IS NOT NULL;

-- What was bought in one payment.
CREATE TABLE orders (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  order_id        TEXT    NOT NULL CHECK (length(order_id) BETWEEN 1 AND 128),
  email           TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  amount_cents    INTEGER CHECK (amount_cents >= 0),                   -- in the currency's minor unit; null: it could not be told
  currency        TEXT    CHECK (length(currency) = 3),
  offer_code      TEXT,
  variants        TEXT    NOT NULL CHECK (json_valid(variants)),       -- [[category, option], …]
  custom_fields   TEXT    NOT NULL CHECK (json_valid(custom_fields)),  -- [[name, value], …]
  country         TEXT,
  subscription_id TEXT,
  test            INTEGER NOT NULL CHECK (test IN (0, 1)),
  sold_at         INTEGER NOT NULL,
  event_id        TEXT    NOT NULL REFERENCES webhook_events (id),
  PRIMARY KEY (source, order_id),
  CHECK ((amount_cents IS NULL) = (currency IS NULL))
) STRICT, WITHOUT ROWID;

-- What was sold when.
CREATE INDEX orders_sold ON orders (sold_at);

-- The products of an order, each with a license of its own.
CREATE TABLE order_items (
  source          TEXT    NOT NULL,
  order_id        TEXT    NOT NULL,
  line            INTEGER NOT NULL CHECK (line >= 1),
  product_id      TEXT    NOT NULL CHECK (length(product_id) >= 1),
  variant_id      TEXT,
  quantity        INTEGER NOT NULL CHECK (quantity >= 1),
  PRIMARY KEY (source, order_id, line),
  FOREIGN KEY (source, order_id) REFERENCES orders (source, order_id)
) STRICT, WITHOUT ROWID;

-- Orders of which a person was erased, recorded or not: whatever comes of them later, nothing personal of it is kept.
CREATE TABLE erased_orders (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  order_id        TEXT    NOT NULL CHECK (length(order_id) BETWEEN 1 AND 128),
  buyer           INTEGER NOT NULL CHECK (buyer IN (0, 1)),  -- 1: who bought; 0: somebody whom the order only mentions
  erased_at       INTEGER NOT NULL,
  look_at         INTEGER,                        -- when a license of it may be over, with which the account's name goes that it is
                                                  -- bound to; null: nothing is known of such a time
  PRIMARY KEY (source, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_orders_look ON erased_orders (look_at) WHERE look_at IS NOT NULL;

-- What a storefront has said about an order besides that it was sold, maybe before that. Facts only add up, so that any
-- order and repetition of deliveries ends the same: of two opposite ones the later holds, by the storefront's own clock.
CREATE TABLE order_facts (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  order_id        TEXT    NOT NULL CHECK (length(order_id) BETWEEN 1 AND 128),
  fact            TEXT    NOT NULL CHECK (fact IN ('refunded', 'partially_refunded', 'disputed', 'dispute_won', 'dispute_lost',
                                                  'refund_undone', 'partial_refund_undone')),
  said_at         INTEGER NOT NULL,               -- the first time
  as_of           INTEGER NOT NULL DEFAULT 0,     -- the last time that it became so, by the storefront's clock; 0: it does not tell
  PRIMARY KEY (source, order_id, fact)
) STRICT, WITHOUT ROWID;

-- What a storefront has said of a subscription: which order it began with, its payments, and how it goes on. As of an order,
-- facts only add up.
CREATE TABLE subscription_facts (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  subscription_id TEXT    NOT NULL CHECK (length(subscription_id) BETWEEN 1 AND 128),
  fact            TEXT    NOT NULL CHECK (fact IN ('of_order', 'paid', 'refunded', 'refund_undone', 'renews', 'stops',
                                                  'ends', 'lapses', 'resumes')),
  payment_id      TEXT    NOT NULL DEFAULT '',    -- that was made, or refunded in full, or was not after all
  at              INTEGER NOT NULL DEFAULT 0,     -- when it was paid, refunded or that undone, is to be renewed, stops, ended, lapsed
                                                  -- or goes on; 0: that is not told
  paid_until_at   INTEGER,                        -- where the payment itself tells what it buys
  said_at         INTEGER,                        -- by the storefront's clock: of two dates of renewal the later word holds
  order_id        TEXT    CHECK (length(order_id) BETWEEN 1 AND 128),  -- of the fact that tells it
  recorded_at     INTEGER NOT NULL,               -- by ours, the first time
  PRIMARY KEY (source, subscription_id, fact, payment_id, at),
  CHECK ((fact = 'of_order') = (order_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_facts_payment ON subscription_facts (source, payment_id);

-- What follows from all facts of a subscription together. It is worked out anew in whichever batch records one, so that the
-- standing of a license is a look-up: a view over the facts has more instructions than D1 takes in a statement.
CREATE TABLE subscriptions (
  source              TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  subscription_id     TEXT    NOT NULL CHECK (length(subscription_id) BETWEEN 1 AND 128),
  order_id            TEXT    CHECK (length(order_id) BETWEEN 1 AND 128),  -- that it began with; null: that was not told yet
  last_paid_at        INTEGER,
  resumed_at          INTEGER,                    -- the last time; so are the next three
  stops_at            INTEGER,                    -- an end is a stop as well
  ended_at            INTEGER,                    -- whatever is paid
  lapsed_at           INTEGER,
  unrefunded          INTEGER NOT NULL CHECK (unrefunded IN (0, 1)),  -- a payment was made and not refunded
  paid_until_at       INTEGER,                    -- refunded payments count; null: not known
  unrefunded_until_at INTEGER,                    -- they do not; where none is left, when the first was made
  PRIMARY KEY (source, subscription_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_order ON subscriptions (source, order_id);

-- What a storefront has said last of each key that it issued itself, maybe before that key's license was there. Of two words
-- the later one holds, by the storefront's own clock, so that any order and repetition of deliveries ends the same.
CREATE TABLE storefront_keys (
  source            TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  storefront_key_id TEXT    NOT NULL CHECK (length(storefront_key_id) BETWEEN 1 AND 128),
  license_key       TEXT    NOT NULL COLLATE NOCASE CHECK (length(license_key) BETWEEN 1 AND 128),  -- it can be replaced by another
  disabled          INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  expires_at        INTEGER,                      -- null: it named none
  said_at           INTEGER NOT NULL,             -- by the storefront's clock
  recorded_at       INTEGER NOT NULL,             -- by ours
  set_aside_at      INTEGER,                      -- of the last word on being disabled that the operator has set aside
  PRIMARY KEY (source, storefront_key_id)
) STRICT, WITHOUT ROWID;

-- One license per line of an order, however often the storefront repeats itself; or, where the catalogue says so, one per piece
-- of the line. A storefront that issues keys itself may issue several for a line. One that the operator issues by hand is of the order that it answers a delivery of, else of one of
-- its own, with the source `operator`.
--
-- The status follows from the operator's word, from the order's facts as `consequences` says, and from the storefront's
-- word on its key; `term` and `expires_at` from what is paid: the view `license_standings` says how. It is good until `ends_at`,
-- which is no status; that its end was acted on is noted in `ended`.
--
-- Its buyer is reminded at `remind_at` that it expires, where that takes the access away and nobody renews it by themselves. That
-- this was acted on is noted in `reminded`, until its status or its end is worked out anew. Nobody is reminded whose time for it
-- had passed when the license was issued.
--
-- A key is kept as it was issued, and found in any case: so every column that holds keys compares them without case.
CREATE TABLE licenses (
  license_key         TEXT    NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(license_key) BETWEEN 1 AND 128),
  source              TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  order_id            TEXT    NOT NULL CHECK (length(order_id) BETWEEN 1 AND 128),
  line                INTEGER NOT NULL DEFAULT 1 CHECK (line >= 1),
  storefront_key_id   TEXT    NOT NULL DEFAULT '',  -- the storefront's id of a key of its own; empty: minted here
  piece               INTEGER NOT NULL DEFAULT 1 CHECK (piece >= 1),  -- of the line, where each piece has a key of its own
  product_id          TEXT    NOT NULL,
  variant_id          TEXT,
  section             TEXT    CHECK (length(section) BETWEEN 1 AND 32),  -- issued by hand: whose section of the catalogue the
                                                  -- product is in; null: its source's
  tier                TEXT    NOT NULL,
  email               TEXT    NOT NULL,
  name                TEXT    NOT NULL,
  status              TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'revoked')),
  test                INTEGER NOT NULL CHECK (test IN (0, 1)),
  paid_once           INTEGER NOT NULL DEFAULT 0 CHECK (paid_once IN (0, 1)),  -- whatever becomes of a subscription of its order
  issued_at           INTEGER NOT NULL,
  expires_at          INTEGER,                    -- when what was paid for is over; null: never
  grace_ms            INTEGER NOT NULL DEFAULT 0 CHECK (grace_ms >= 0),  -- for so long after that it is good still
  kept_after_expiry   INTEGER NOT NULL DEFAULT 0 CHECK (kept_after_expiry IN (0, 1)),  -- it is good even then
  kept_after_end      INTEGER NOT NULL DEFAULT 0 CHECK (kept_after_end IN (0, 1)),     -- the same of a subscription's end
  term                TEXT    NOT NULL DEFAULT 'catalogue' CHECK (term IN ('catalogue', 'key', 'renewing', 'stopped')),
                                                  -- what decides when it expires: the catalogue's years, the storefront's word
                                                  -- on its key, or what is paid of a subscription, which may have been stopped
  ends_at             INTEGER GENERATED ALWAYS AS (CASE term
                        WHEN 'catalogue' THEN iif(kept_after_expiry, NULL, expires_at + grace_ms)
                        WHEN 'key' THEN iif(kept_after_expiry, NULL, expires_at)
                        WHEN 'renewing' THEN iif(kept_after_end, NULL, expires_at + grace_ms)
                        ELSE iif(kept_after_end, NULL, expires_at) END) VIRTUAL,
  ended               INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
  remind_ms           INTEGER NOT NULL DEFAULT 0 CHECK (remind_ms >= 0),  -- so long before it expires its buyer is reminded; 0: never
  reminded            INTEGER NOT NULL DEFAULT 0 CHECK (reminded IN (0, 1)),
  remind_at           INTEGER GENERATED ALWAYS AS (
                        iif(remind_ms > 0 AND status = 'active' AND ended = 0 AND reminded = 0 AND email <> '' AND term <> 'renewing'
                            AND ends_at IS NOT NULL AND expires_at - remind_ms > issued_at, expires_at - remind_ms, NULL)) VIRTUAL,
  activate_at         INTEGER,                    -- when it is next tried to activate it for the account that was given at the
                                                  -- checkout; null: it is not, or not any more
  turn_at             INTEGER GENERATED ALWAYS AS (
                        iif(ended, NULL, coalesce(min(activate_at, coalesce(remind_at, ends_at)), activate_at, remind_at, ends_at)))
                      VIRTUAL,                    -- the first of these
  catalogue_expires_at INTEGER,                   -- by the catalogue's years; an end that the storefront names comes before it
  event_id            TEXT    REFERENCES webhook_events (id),  -- that brought it, or that it answers by hand; null: neither
  consequences        TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(consequences) = 'object'),  -- the status that each fact
                                                  -- of the order gives it, by what the catalogue said when it was issued
  revoked_by_operator INTEGER NOT NULL DEFAULT 0 CHECK (revoked_by_operator IN (0, 1)),
  refund_set_aside    INTEGER NOT NULL DEFAULT 0 CHECK (refund_set_aside IN (0, 1)),
  partial_refund_set_aside INTEGER NOT NULL DEFAULT 0 CHECK (partial_refund_set_aside IN (0, 1)),
  dispute_set_aside   INTEGER NOT NULL DEFAULT 0 CHECK (dispute_set_aside IN (0, 1)),
  lost_dispute_set_aside INTEGER NOT NULL DEFAULT 0 CHECK (lost_dispute_set_aside IN (0, 1)),
  UNIQUE (source, order_id, line, storefront_key_id, piece)
) STRICT, WITHOUT ROWID;
CREATE INDEX licenses_email ON licenses (lower(email));
-- What was sold of an entry of the catalogue, which may be for a variant alone.
CREATE INDEX licenses_product ON licenses (product_id);
CREATE INDEX licenses_variant ON licenses (variant_id) WHERE variant_id IS NOT NULL;
-- What is still to be activated, to be reminded of, or at its end: one index for all, since it is looked at every minute.
CREATE INDEX licenses_turn ON licenses (turn_at) WHERE turn_at IS NOT NULL;

-- The ends that buyers were reminded of, or are to be: of each end of a license once.
CREATE TABLE reminders (
  id          INTEGER PRIMARY KEY,
  license_key TEXT    NOT NULL COLLATE NOCASE REFERENCES licenses (license_key) ON UPDATE CASCADE,
  expires_at  INTEGER NOT NULL,
  UNIQUE (license_key, expires_at)
) STRICT;

-- Who asked for all licenses of a mail address, which are theirs that can read a mail to it: one row a mail, and none of an address
-- that has no license. What the mail's link holds is derived from `seed` and from a secret that is in no table; its hash alone tells
-- that a link is the one. A row stays some days longer than its link, which by it leads to the form with the address filled in.
CREATE TABLE recoveries (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),  -- sorts by time
  email      TEXT    NOT NULL CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
  seed       TEXT    NOT NULL CHECK (length(seed) = 43),        -- 256 random bits
  token_hash TEXT    NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER,
  CHECK (expires_at > created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX recoveries_email ON recoveries (email, created_at);
CREATE INDEX recoveries_created ON recoveries (created_at);

-- The one identity that a license is bound to: the primary key is what decides a race.
CREATE TABLE license_activations (
  license_key     TEXT    NOT NULL COLLATE NOCASE PRIMARY KEY REFERENCES licenses (license_key) ON UPDATE CASCADE,
  github_username TEXT    NOT NULL CHECK (length(github_username) BETWEEN 1 AND 39),
  github_user_id  INTEGER NOT NULL CHECK (github_user_id > 0),
  repos           TEXT    NOT NULL CHECK (json_type(repos) = 'array'),  -- in the order in which they are shown
  chosen          TEXT    NOT NULL DEFAULT '[]' CHECK (json_type(chosen) = 'array'),  -- those that the buyer preferred to others
  proof           TEXT    NOT NULL DEFAULT 'typed' CHECK (proof IN ('typed', 'signed_in', 'checkout')),
  activated_at    INTEGER NOT NULL,
  trace_id        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX license_activations_user ON license_activations (github_user_id);
CREATE INDEX license_activations_login ON license_activations (github_username COLLATE NOCASE);

-- Which repositories a bound license opens. GitHub tells no case apart in their names.
CREATE TABLE entitlements (
  license_key TEXT NOT NULL COLLATE NOCASE REFERENCES license_activations (license_key) ON UPDATE CASCADE,
  repo        TEXT NOT NULL COLLATE NOCASE CHECK (instr(repo, '/') > 1),
  permission  TEXT NOT NULL CHECK (permission IN ('pull', 'triage', 'push', 'maintain', 'admin')),
  PRIMARY KEY (license_key, repo)
) STRICT, WITHOUT ROWID;

-- For each identity and repository, what was last seen of its access, and how that came about.
CREATE TABLE grants (
  id              TEXT    NOT NULL PRIMARY KEY,   -- names the two that it is about, as the outbox does
  github_user_id  INTEGER NOT NULL CHECK (github_user_id > 0),
  github_username TEXT    NOT NULL CHECK (length(github_username) BETWEEN 1 AND 39),
  repo            TEXT    NOT NULL COLLATE NOCASE CHECK (instr(repo, '/') > 1),
  state           TEXT    NOT NULL CHECK (state IN ('pending', 'invited', 'waiting', 'member', 'declined', 'expired', 'blocked',
                                                   'removed_by_hand', 'revoking', 'revoked')),
  since_at        INTEGER NOT NULL,               -- in this state
  until_at        INTEGER,                        -- when an invitation ends, or the wait for a limit
  turn_at         INTEGER,                        -- its turn among those who wait for an invitation; null: it is not in that line
  reason          TEXT,                           -- why it waits or is blocked, for a person
  -- By what it was blocked last.
  blocked_by      TEXT CHECK (blocked_by IN ('account_blocked', 'account_unusable', 'seat_missing', 'seller')),
  invitation_id   INTEGER,                        -- GitHub's number of the last invitation
  in_doubt        INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt IN (0, 1)),  -- one was asked for whose answer nobody knows
  removing_until_at INTEGER,                      -- end of the last lease under which it was taken away
  renewals        INTEGER NOT NULL DEFAULT 0 CHECK (renewals >= 0),  -- invitations that followed the first by themselves
  given           TEXT CHECK (given IN ('pull', 'triage', 'push', 'maintain', 'admin')),    -- the permission that we gave last; null: none
  earlier         TEXT CHECK (earlier IN ('pull', 'triage', 'push', 'maintain', 'admin')),  -- what the account had before we gave it
                                                  -- any, and keeps; null: nothing
  history         TEXT    NOT NULL,               -- the states that it had, this one last: [{"at", "state", "cause", "source", "order_id"}, …]
  CHECK (id = github_user_id || ':' || lower(repo)),
  CHECK (turn_at IS NULL OR state IN ('pending', 'waiting', 'blocked')),
  -- No statement changes the state and leaves out why.
  CHECK (history ->> '$[#-1].state' IS state AND history ->> '$[#-1].at' IS since_at)
) STRICT, WITHOUT ROWID;

-- The invitations of the last day that were begun: GitHub allows a repository fifty in 24 hours.
CREATE TABLE invitation_reservations (
  repo        TEXT    NOT NULL COLLATE NOCASE,
  reserved_at INTEGER NOT NULL,
  grant_id    TEXT    NOT NULL,
  lease_id    TEXT    NOT NULL,                   -- under which it was begun
  made        INTEGER NOT NULL DEFAULT 0 CHECK (made IN (0, 1)),  -- GitHub said that it was
  PRIMARY KEY (repo, reserved_at, grant_id, lease_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_reservations_grant ON invitation_reservations (grant_id, reserved_at);

-- The open invitations of each account to a repository by when they end.
CREATE INDEX grants_invited ON grants (repo, until_at) WHERE state = 'invited';
-- The line of each repository: who waits for one of its invitations, by when it is their turn.
CREATE INDEX grants_line ON grants (repo, turn_at) WHERE turn_at IS NOT NULL;
-- Those that nobody has accepted, however often they were renewed.
CREATE INDEX grants_expired ON grants (since_at) WHERE state = 'expired';
-- Those of an account by its login; by its number they follow each other.
CREATE INDEX grants_login ON grants (github_username COLLATE NOCASE);
-- Those who are in, or were.
CREATE INDEX grants_in ON grants (repo) WHERE state IN ('member', 'removed_by_hand');

-- When each repository's invitations are looked at that were sent, and what was seen the last time.
CREATE TABLE repository_watches (
  repo       TEXT    NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (instr(repo, '/') > 1),
  look_at    INTEGER,                             -- when the next look is due; while one lasts, until when nobody else begins one;
                                                  -- null: nobody is invited
  began_at   INTEGER,                             -- of the reading under way; null: none is
  page       INTEGER,                             -- where that goes on
  read_so_far TEXT   CHECK (json_type(read_so_far) = 'object'),  -- who stands on its pages before
  looked_at  INTEGER,                             -- when the last whole reading began
  listed     TEXT    CHECK (json_type(listed) = 'object'),  -- by GitHub's numbers, whom that listed: {"open": […], "expired": […]}
  settled    INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),  -- it was found out what became of all who were not listed
  etag       TEXT,                                -- GitHub's mark of that reading, where it was settled and fit on a page
  error      TEXT,                                -- why the last look failed
  silent_looks INTEGER NOT NULL DEFAULT 0 CHECK (silent_looks >= 0),  -- turns at a look in a row of which no word came
  compare_at INTEGER,                             -- when it is next compared who is in and who should be; while that lasts, until when
                                                  -- nobody else begins it; null: the catalogue does not name the repository
  comparison TEXT    CHECK (json_type(comparison) = 'object'),  -- what was read so far; null: none is under way
  compared_at INTEGER,                            -- when the last whole comparison began
  compare_error TEXT,                             -- why the last one failed
  silent_comparisons INTEGER NOT NULL DEFAULT 0 CHECK (silent_comparisons >= 0),  -- turns at one in a row of which no word came
  turn_at    INTEGER GENERATED ALWAYS AS (min(coalesce(look_at, compare_at), coalesce(compare_at, look_at))) VIRTUAL,
  CHECK ((began_at IS NULL) = (page IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_watches_due ON repository_watches (turn_at) WHERE turn_at IS NOT NULL;

-- Where GitHub and what is recorded differ, as of the last comparison of each repository.
CREATE TABLE drift (
  id              INTEGER PRIMARY KEY,
  repo            TEXT    NOT NULL COLLATE NOCASE,
  github_user_id  INTEGER NOT NULL CHECK (github_user_id >= 0),  -- 0: it is about the repository
  kind            TEXT    NOT NULL CHECK (kind IN ('extra', 'missing', 'removed_by_hand', 'wrong_permission', 'renamed',
                                                   'account_gone')),
  github_username TEXT    NOT NULL,               -- empty: it is about the repository
  since_at        INTEGER NOT NULL,               -- when it was first found
  found_at        INTEGER NOT NULL,               -- when it was last found
  seen            TEXT    CHECK (json_type(seen) = 'object'),  -- what GitHub said: {"place", "role", "inviter", "invited_at", "name"}
  UNIQUE (repo, github_user_id, kind)
) STRICT;
CREATE INDEX drift_account ON drift (github_user_id) WHERE github_user_id > 0;
CREATE INDEX drift_login ON drift (github_username COLLATE NOCASE) WHERE github_user_id > 0;

-- Until when GitHub is left alone because of a limit that somebody met.
CREATE TABLE github_pauses (
  scope    TEXT    NOT NULL COLLATE NOCASE PRIMARY KEY,  -- a repository, for invitations to it; empty: for everything
  until_at INTEGER NOT NULL,
  times    INTEGER NOT NULL DEFAULT 1 CHECK (times >= 0),  -- met in a row, with nothing done in between
  reason   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What is still to be done in the outside world, written in the transaction of the fact that causes it. What a subject is
-- is its kind's business.
CREATE TABLE outbox (
  id              INTEGER PRIMARY KEY,
  kind            TEXT    NOT NULL CHECK (kind IN ('license_mail', 'reminder_mail', 'invitation_mail', 'recovery_mail', 'grant',
                                                  'alert_mail')),
  queue           TEXT    GENERATED ALWAYS AS (CASE kind WHEN 'grant' THEN 'grants' WHEN 'alert_mail' THEN 'alerts' ELSE 'mails' END)
                  VIRTUAL,                        -- what a tick works on together; mails to buyers are one
  subject         TEXT    NOT NULL COLLATE NOCASE CHECK (length(subject) BETWEEN 1 AND 200),  -- a license key, or the id of a
                                                  -- reminder, a GitHub account, a recovery, a grant or an alert
  state           TEXT    NOT NULL CHECK (state IN ('due', 'leased', 'done', 'dead')),
  attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  silent_claims   INTEGER NOT NULL DEFAULT 0,     -- claims in a row of which no word came, the one under way included
  next_attempt_at INTEGER,                        -- when due, or when the lease runs out; null: done or dead
  lease_id        TEXT,
  requested_at    INTEGER,                        -- when somebody who waits for it last had it tried
  taken_over_until_at INTEGER,                    -- end of the last lease that was taken over: until then its holder may act
  last_error      TEXT,
  person_needed   INTEGER NOT NULL DEFAULT 0 CHECK (person_needed IN (0, 1)),  -- nothing comes of it before a person acts
  outcome         TEXT,                           -- 'sent', 'logged', 'invited', 'member', 'declined', 'kept', 'removed',
                                                  -- 'canceled', or 'skipped'; 'handed_over' where it is dead and a person has to
                                                  -- look before it is tried again
  reference       TEXT,                           -- the other side's own id of it
  history         TEXT CHECK (json_valid(history)),  -- how it ended before it was enqueued again: [{"at": …, "how": …}, …]
  trace_id        TEXT    NOT NULL,
  created_at      INTEGER NOT NULL,
  done_at         INTEGER,
  died_at         INTEGER,
  UNIQUE (kind, subject),
  CHECK ((state = 'leased') = (lease_id IS NOT NULL)),
  CHECK ((state IN ('due', 'leased')) = (next_attempt_at IS NOT NULL)),
  CHECK ((state = 'done') = (done_at IS NOT NULL)),
  CHECK ((state = 'dead') = (died_at IS NOT NULL))
) STRICT;
CREATE INDEX outbox_due ON outbox (queue, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX outbox_suspect ON outbox (next_attempt_at) WHERE next_attempt_at IS NOT NULL AND silent_claims >= 2;
-- What a person has to mend before it is done: none of what goes well is in it.
CREATE INDEX outbox_blocked ON outbox (created_at) WHERE person_needed = 1;
-- Alerts that nobody got must not raise an alert.
CREATE INDEX outbox_died ON outbox (died_at) WHERE died_at IS NOT NULL AND kind <> 'alert_mail';

-- What mail providers say of mails that they took: by the provider's id of the mail, maybe before the row that it was sent for is
-- done, which holds that id from then on.
CREATE TABLE returned_mails (
  reference  TEXT    NOT NULL PRIMARY KEY CHECK (length(reference) BETWEEN 1 AND 200),
  outbox_id  INTEGER NOT NULL,                    -- the row that the mail itself names
  fate       TEXT    NOT NULL CHECK (fate IN ('bounced', 'complained', 'failed')),
  reason     TEXT    NOT NULL,                    -- what mends it, and what the provider calls it; it names nobody
  said_at    INTEGER NOT NULL                     -- the first time, by our clock
) STRICT, WITHOUT ROWID;

-- What the operator was told, or is to be told. None names a buyer.
CREATE TABLE alerts (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
  cause      TEXT    NOT NULL COLLATE NOCASE CHECK (length(cause) BETWEEN 1 AND 500),
  detail     TEXT    NOT NULL,
  nth        INTEGER NOT NULL CHECK (nth >= 1),   -- of those of its cause that came one after the other
  times      INTEGER,                             -- how often its cause was noted until then; null: that is found in the tables
  created_at INTEGER NOT NULL,
  failed_at  INTEGER                              -- when it was given up: nobody got it
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_cause ON alerts (cause, created_at, failed_at);
CREATE INDEX alerts_created ON alerts (created_at);

-- Causes to tell the operator of which no other table holds: what failed, and how often. Two that name a repository in two spellings
-- are one.
CREATE TABLE alert_causes (
  cause  TEXT    NOT NULL COLLATE NOCASE PRIMARY KEY CHECK (length(cause) BETWEEN 1 AND 500),
  detail TEXT    NOT NULL,
  times  INTEGER NOT NULL,                        -- that it was noted
  told   INTEGER NOT NULL DEFAULT 0               -- how many of them an alert has told of
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_causes_untold ON alert_causes (cause) WHERE times > told;

-- The catalogue: what each product opens, changed as a whole.
CREATE TABLE catalogue (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  version      INTEGER NOT NULL,                  -- one more with each change
  changed_at   INTEGER NOT NULL,
  descriptions TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(descriptions) = 'object')  -- how deliveries are read that
                                                  -- have to be described, by the keys of the catalogue's JSON form
) STRICT;
INSERT INTO catalogue (id, version, changed_at) VALUES (1, 0, 0);

CREATE TABLE products (
  position   INTEGER PRIMARY KEY,                 -- as the seller ordered them
  source     TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  product_id TEXT    NOT NULL CHECK (length(product_id) >= 1),
  variant_id TEXT    NOT NULL,                    -- empty: every variant that has no entry of its own
  entry      TEXT    NOT NULL CHECK (json_type(entry) = 'object'),  -- as the catalogue's JSON form has it
  UNIQUE (source, product_id, variant_id)
) STRICT;

-- What a delivery waits for whose product the catalogue does not name.
CREATE TABLE unmapped_lines (
  event_id   TEXT    NOT NULL REFERENCES webhook_events (id),
  source     TEXT    NOT NULL,
  product_id TEXT    NOT NULL,
  variant_id TEXT    NOT NULL,                    -- empty: none
  PRIMARY KEY (event_id, product_id, variant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unmapped_lines_product ON unmapped_lines (source, product_id);

-- Products that a good license was for and that the catalogue does not name: the seller has to say what they open.
CREATE TABLE unmapped_products (
  source          TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  product_id      TEXT    NOT NULL,
  variant_id      TEXT    NOT NULL,               -- empty: none
  first_seen_at   INTEGER NOT NULL,
  last_seen_at    INTEGER NOT NULL,
  times           INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (source, product_id, variant_id)
) STRICT, WITHOUT ROWID;

-- How far the storefronts' own lists have been read back: one row per list.
CREATE TABLE reconciliations (
  source      TEXT    NOT NULL CHECK (length(source) BETWEEN 1 AND 32),
  list        TEXT    NOT NULL CHECK (length(list) BETWEEN 1 AND 64),
  watermark_at INTEGER,                           -- everything up to here was read; null: nothing yet
  started_at  INTEGER,                            -- of the pass under way, or of the last one
  page        TEXT,                               -- where the pass under way goes on; null: none is
  due_at      INTEGER NOT NULL,                   -- when the next page or pass is due; while one reads, until when it may
  finished_at INTEGER,                            -- of the last whole pass
  error       TEXT,                               -- why the last try failed
  PRIMARY KEY (source, list)
) STRICT, WITHOUT ROWID;
CREATE INDEX reconciliations_due ON reconciliations (due_at);

-- The last tick, in one row.
CREATE TABLE cron (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  started_at INTEGER NOT NULL
) STRICT;

-- What the operator changed, and why. Never removed, and changed only where a person's address is erased from it.
CREATE TABLE admin_actions (
  id        TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),  -- sorts by time
  action    TEXT    NOT NULL CHECK (length(action) BETWEEN 1 AND 64),          -- such as 'license.revoke'
  target    TEXT    NOT NULL COLLATE NOCASE CHECK (length(target) BETWEEN 1 AND 200),  -- the event, license, row or person
  reason    TEXT    NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  actor     TEXT    NOT NULL CHECK (length(actor) BETWEEN 1 AND 100),
  detail    TEXT    CHECK (json_valid(detail)),
  acted_at  INTEGER NOT NULL,
  trace_id  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX admin_actions_target ON admin_actions (target, id);
