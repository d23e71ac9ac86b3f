-- +goose Up
-- Legal holds. A row is never deleted: releasing one says who and why. All
-- times: microseconds since 1970, UTC.
CREATE TABLE hold (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
  reason        TEXT NOT NULL,
  tenant        TEXT NOT NULL, -- '' for every tenant
  tables        TEXT NOT NULL, -- JSON array of names; '[]' for every table
  user          TEXT NOT NULL, -- '' for every user
  from_time     INTEGER,       -- NULL: from the beginning
  to_time       INTEGER,       -- exclusive; NULL: without an end
  by            TEXT NOT NULL,
  since         INTEGER NOT NULL,
  released_by   TEXT NOT NULL DEFAULT '',
  released_why  TEXT NOT NULL DEFAULT '',
  released_at   INTEGER        -- NULL while it holds
);

-- +goose Down
DROP TABLE hold;
