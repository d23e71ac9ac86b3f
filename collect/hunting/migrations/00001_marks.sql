-- +goose Up

-- One row per tenant and table. Times are microseconds since 1970, UTC.
CREATE TABLE hunting_table (
  tenant          TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  first           INTEGER NOT NULL DEFAULT 0,  -- where the first reading began
  through         INTEGER NOT NULL,            -- rows up to here were asked for at least once, or are a gap
  reread          INTEGER NOT NULL DEFAULT 0,  -- when late rows were last looked for
  queries         INTEGER NOT NULL DEFAULT 0,  -- answers journalled
  rows            INTEGER NOT NULL DEFAULT 0,  -- in them, repeats included
  bytes           INTEGER NOT NULL DEFAULT 0,
  gaps            INTEGER NOT NULL DEFAULT 0,
  last_success    INTEGER NOT NULL DEFAULT 0,
  last_journalled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What is known to be missing for ever.
CREATE TABLE hunting_gap (
  id       INTEGER PRIMARY KEY,
  tenant   TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  gap_from INTEGER NOT NULL,
  gap_to   INTEGER NOT NULL,
  recorded INTEGER NOT NULL,
  reason   TEXT    NOT NULL
) STRICT;
