-- +goose Up
-- The rows that alerts stand on: for each evaluation that added some, their keys,
-- 16 bytes each. An alert has the first hundred rows as evidence, and here all.
CREATE TABLE detect_rows (
  alert  TEXT NOT NULL,
  ended  INTEGER NOT NULL, -- of the window, microseconds since 1970, UTC
  keys   BLOB NOT NULL
);
CREATE INDEX detect_rows_by_alert ON detect_rows (alert);
CREATE INDEX detect_rows_by_end ON detect_rows (ended);

-- +goose Down
DROP TABLE detect_rows;
