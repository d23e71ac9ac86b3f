-- +goose Up

-- Totals of one listener. Times are microseconds since 1970, UTC.
CREATE TABLE push_total (
  name            TEXT    PRIMARY KEY,
  payloads        INTEGER NOT NULL,
  lines           INTEGER NOT NULL,
  bytes           INTEGER NOT NULL,
  last_journalled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
