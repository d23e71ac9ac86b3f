-- +goose Up

-- What came in each hour, by the time at which it came, and for how long the
-- listener was there. Times are microseconds since 1970, UTC.
CREATE TABLE push_hour (
  name     TEXT    NOT NULL,
  tenant   TEXT    NOT NULL,
  hour     INTEGER NOT NULL,
  payloads INTEGER NOT NULL DEFAULT 0,
  lines    INTEGER NOT NULL DEFAULT 0,
  bytes    INTEGER NOT NULL DEFAULT 0,
  listened INTEGER NOT NULL DEFAULT 0,  -- seconds, to the minute
  PRIMARY KEY (name, hour)
) STRICT, WITHOUT ROWID;
