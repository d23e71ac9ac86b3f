-- +goose Up
-- What happened to incidents, for automation, which forgets what it has seen.
CREATE TABLE incident_change (
  sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
  incident   INTEGER NOT NULL REFERENCES incident (number),
  created    INTEGER NOT NULL, -- 1: the incident was made
  kinds      TEXT NOT NULL,    -- of happenings, with commas
  author     TEXT NOT NULL,
  automated  INTEGER NOT NULL,
  at         INTEGER NOT NULL  -- microseconds since 1970, UTC
);

-- The happening up to which changes of an incident were told; 0 before the first.
ALTER TABLE incident ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
UPDATE incident SET told = coalesce((SELECT max(sequence) FROM incident_happening h WHERE h.incident = number), 0);

-- Changes that were made once and are not made again.
CREATE TABLE incident_once (
  key  TEXT PRIMARY KEY,
  at   INTEGER NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE incident_once;
ALTER TABLE incident DROP COLUMN told;
DROP TABLE incident_change;
