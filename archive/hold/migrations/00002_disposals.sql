-- +goose Up
-- Proposals of disposal. A row is never deleted. All times: microseconds since
-- 1970, UTC.
CREATE TABLE hold_disposal (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  before       INTEGER NOT NULL, -- payloads received before
  minimum      TEXT NOT NULL,    -- in words
  reason       TEXT NOT NULL,
  by           TEXT NOT NULL,
  at           INTEGER NOT NULL,
  certificate  BLOB,             -- signed; NULL until a second person has confirmed
  done_at      INTEGER           -- NULL until the objects are gone
);

-- +goose Down
DROP TABLE hold_disposal;
