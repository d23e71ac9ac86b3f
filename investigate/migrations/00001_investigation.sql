-- +goose Up
-- Reports that people had made, of the last weeks.
CREATE TABLE investigation (
  id       TEXT PRIMARY KEY,
  started  INTEGER NOT NULL, -- microseconds since 1970, UTC
  run      TEXT NOT NULL,    -- as JSON, without the report
  size     INTEGER NOT NULL, -- of the report as JSON, in bytes
  report   BLOB              -- gzip of its JSON; null until it is made
) WITHOUT ROWID;

-- +goose Down
DROP TABLE investigation;
