-- +goose Up
-- Versions are never changed: whoever asks later what a rule saw finds it. All
-- times: microseconds since 1970, UTC.
CREATE TABLE library_watchlist (
  alias        TEXT NOT NULL,
  version      INTEGER NOT NULL,
  search_key   TEXT NOT NULL, -- the column that SearchKey repeats
  description  TEXT NOT NULL,
  columns      TEXT NOT NULL, -- names, a JSON array
  body         TEXT NOT NULL, -- rows, a JSON array of arrays of texts; '' in a version that removes
  row_count    INTEGER NOT NULL,
  author       TEXT NOT NULL,
  at           INTEGER NOT NULL,
  removed      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (alias, version)
) WITHOUT ROWID;

CREATE TABLE library_function (
  name         TEXT NOT NULL,
  version      INTEGER NOT NULL,
  parameters   TEXT NOT NULL,
  body         TEXT NOT NULL,
  description  TEXT NOT NULL,
  author       TEXT NOT NULL,
  at           INTEGER NOT NULL,
  removed      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (name, version)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE library_function;
DROP TABLE library_watchlist;
