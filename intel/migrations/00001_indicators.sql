-- +goose Up
-- All times: microseconds since 1970, UTC; 0 is none.
CREATE TABLE intel_indicator (
  source     TEXT NOT NULL,
  id         TEXT NOT NULL,
  observable TEXT NOT NULL, -- kind and value
  until      INTEGER NOT NULL,
  active     INTEGER NOT NULL, -- neither revoked nor deleted
  digest     TEXT NOT NULL,
  body       TEXT NOT NULL, -- Indicator as JSON
  published  INTEGER NOT NULL, -- when rows of it were written last
  hunted     INTEGER NOT NULL DEFAULT 0, -- when it was matched backwards
  PRIMARY KEY (source, id, observable)
) WITHOUT ROWID;

-- How far a TAXII collection was read.
CREATE TABLE intel_cursor (
  source  TEXT PRIMARY KEY,
  added   TEXT NOT NULL -- the server's X-TAXII-Date-Added-Last
) WITHOUT ROWID;

-- +goose Down
DROP TABLE intel_cursor;
DROP TABLE intel_indicator;
