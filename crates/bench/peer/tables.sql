-- The peer's own tables: what its author would make for the same job.

CREATE TABLE deliveries (
  id           TEXT PRIMARY KEY,
  source       TEXT NOT NULL,
  payload      TEXT NOT NULL,
  received_at  INTEGER NOT NULL,
  processed_at INTEGER,
  error        TEXT
) STRICT;

CREATE TABLE licenses (
  license_key TEXT PRIMARY KEY,
  order_id    TEXT NOT NULL UNIQUE,
  product_id  TEXT NOT NULL,
  tier        TEXT NOT NULL,
  email       TEXT NOT NULL,
  name        TEXT,
  status      TEXT NOT NULL DEFAULT 'active',
  issued_at   INTEGER NOT NULL,
  expires_at  INTEGER,
  delivery_id TEXT NOT NULL
) STRICT;

CREATE TABLE mails (
  license_key TEXT PRIMARY KEY,
  state       TEXT NOT NULL,
  reference   TEXT,
  error       TEXT,
  updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE activations (
  license_key     TEXT PRIMARY KEY,
  github_user_id  INTEGER NOT NULL,
  github_username TEXT NOT NULL COLLATE NOCASE,
  repos           TEXT NOT NULL,
  activated_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
  github_user_id INTEGER NOT NULL,
  repo           TEXT NOT NULL,
  state          TEXT NOT NULL,
  error          TEXT,
  updated_at     INTEGER NOT NULL,
  PRIMARY KEY (github_user_id, repo)
) STRICT;
