-- +goose Up
-- Erasures of one person's data. A row is never deleted; whose data it was about is,
-- once it is done. All times: microseconds since 1970, UTC.
CREATE TABLE hold_erasure (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  names        TEXT NOT NULL,    -- JSON list; empty once it is done
  salt         TEXT NOT NULL,    -- of the subject in the certificate; empty once it is done
  reason       TEXT NOT NULL,
  by           TEXT NOT NULL,
  at           INTEGER NOT NULL,
  positions    TEXT NOT NULL,    -- JSON list of journal positions
  found        TEXT NOT NULL,    -- JSON: what was found, in numbers
  approved_by  TEXT NOT NULL DEFAULT '',
  approved_at  INTEGER,
  keys         TEXT NOT NULL DEFAULT '[]', -- JSON list of keys of records, in hexadecimal
  certificate  BLOB,             -- signed; NULL until it is carried out
  done_at      INTEGER           -- NULL until it is done
);

-- +goose Down
DROP TABLE hold_erasure;
