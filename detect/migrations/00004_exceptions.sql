-- +goose Up
-- What is known to be harmless, until a day. All times: microseconds since
-- 1970, UTC.
CREATE TABLE detect_exception (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  rule_id  TEXT NOT NULL, -- '' for every rule
  kind     TEXT NOT NULL, -- of entity
  value    TEXT NOT NULL,
  why      TEXT NOT NULL,
  by       TEXT NOT NULL,
  at       INTEGER NOT NULL,
  expires  INTEGER NOT NULL,
  agreed   TEXT NOT NULL DEFAULT '' -- the second person, for rules that watch the watchers
);

-- What an exception held back: one row for each alert that there would have been.
CREATE TABLE detect_held (
  exception  INTEGER NOT NULL,
  subject    TEXT NOT NULL,
  rule_id    TEXT NOT NULL,
  name       TEXT NOT NULL,
  entities   TEXT NOT NULL, -- JSON
  result_rows INTEGER NOT NULL,
  first      INTEGER NOT NULL,
  last       INTEGER NOT NULL,
  PRIMARY KEY (exception, subject)
) WITHOUT ROWID;
CREATE INDEX detect_held_by_time ON detect_held (last);

-- +goose Down
DROP TABLE detect_held;
DROP TABLE detect_exception;
