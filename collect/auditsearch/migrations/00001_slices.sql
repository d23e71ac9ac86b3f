-- +goose Up

-- One row per slice of time that is asked for in one query. Slices of one
-- tenant and filter never overlap. Times are microseconds since 1970, UTC.
CREATE TABLE auditsearch_slice (
  id         INTEGER PRIMARY KEY,
  tenant     TEXT    NOT NULL,
  filter     TEXT    NOT NULL,             -- record types and operations asked for, as JSON
  slice_from INTEGER NOT NULL,             -- half-open
  slice_to   INTEGER NOT NULL,
  done       INTEGER NOT NULL DEFAULT 0,   -- 1 when its records are journalled
  query_id   TEXT    NOT NULL DEFAULT '',  -- of the query that Graph has accepted
  submitted  INTEGER,                      -- when it was
  succeeded  INTEGER NOT NULL DEFAULT 0,   -- 1 when Graph has its records
  expected   INTEGER NOT NULL DEFAULT 0,   -- records that Graph announced, approximately; 0 when it did not
  next_link  TEXT    NOT NULL DEFAULT '',  -- page to read next; empty for the first
  pages      INTEGER NOT NULL DEFAULT 0,   -- of the present reading, journalled
  records    INTEGER NOT NULL DEFAULT 0,   -- in them
  readings   INTEGER NOT NULL DEFAULT 0,   -- how often all pages were read to the end
  failures   INTEGER NOT NULL DEFAULT 0,   -- in a row
  next_try   INTEGER,                      -- not before
  shortfall  TEXT    NOT NULL DEFAULT ''   -- why its answer is not whole, if it is not
) STRICT;

CREATE INDEX auditsearch_slice_by_time ON auditsearch_slice (tenant, filter, slice_from);
