-- +goose Up

-- One row per tenant and content type. Times are microseconds since 1970, UTC.
CREATE TABLE collect_stream (
  tenant              TEXT    NOT NULL,
  content_type        TEXT    NOT NULL,
  listed_through      INTEGER,            -- everything created before was listed, or is a gap
  last_listed         INTEGER,            -- when a listing last succeeded
  last_created        INTEGER,            -- creation of the newest blob ever listed
  last_journalled     INTEGER,            -- when a blob was last journalled
  journalled          INTEGER NOT NULL DEFAULT 0,
  expired             INTEGER NOT NULL DEFAULT 0,
  gaps                INTEGER NOT NULL DEFAULT 0,
  records             INTEGER NOT NULL DEFAULT 0,
  bytes               INTEGER NOT NULL DEFAULT 0,
  subscription        TEXT    NOT NULL DEFAULT '',
  subscription_seen   INTEGER,            -- when it was last seen enabled
  subscription_start  INTEGER,            -- when a start was last requested
  PRIMARY KEY (tenant, content_type)
) STRICT, WITHOUT ROWID;

-- One row per content blob that Microsoft ever listed.
CREATE TABLE collect_blob (
  tenant           TEXT    NOT NULL,
  content_type     TEXT    NOT NULL,
  content_id       TEXT    NOT NULL,
  uri              TEXT    NOT NULL,
  created          INTEGER NOT NULL,
  expires          INTEGER NOT NULL,
  first_listed     INTEGER NOT NULL,
  state            TEXT    NOT NULL CHECK (state IN ('listed', 'failed', 'journalled', 'expired')),
  attempts         INTEGER NOT NULL DEFAULT 0,
  next_attempt     INTEGER NOT NULL DEFAULT 0,
  last_error       TEXT    NOT NULL DEFAULT '',
  settled          INTEGER,               -- when it was journalled or given up
  size             INTEGER,               -- bytes
  records          INTEGER,
  sha256           BLOB,
  journal_position INTEGER,
  PRIMARY KEY (tenant, content_type, content_id),
  FOREIGN KEY (tenant, content_type) REFERENCES collect_stream (tenant, content_type)
) STRICT, WITHOUT ROWID;

CREATE INDEX collect_blob_due ON collect_blob (tenant, content_type, expires, content_id)
  WHERE state IN ('listed', 'failed');
CREATE INDEX collect_blob_cursor ON collect_blob (tenant, content_type, created)
  WHERE state IN ('listed', 'failed');

-- What is known to be missing, for ever: a blob, or a span in which nobody looked.
CREATE TABLE collect_gap (
  id            INTEGER PRIMARY KEY,
  tenant        TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  content_id    TEXT    NOT NULL DEFAULT '',
  gap_from      INTEGER NOT NULL,
  gap_to        INTEGER NOT NULL,
  recorded      INTEGER NOT NULL,
  reason        TEXT    NOT NULL,
  FOREIGN KEY (tenant, content_type) REFERENCES collect_stream (tenant, content_type)
) STRICT;

CREATE INDEX collect_gap_stream ON collect_gap (tenant, content_type, gap_from);
