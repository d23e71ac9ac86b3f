-- +goose Up
-- All times: microseconds since 1970, UTC.
CREATE TABLE detect_rule (
  rule_id           TEXT NOT NULL,
  version           TEXT NOT NULL,
  last_end          INTEGER NOT NULL, -- end of the newest window evaluated
  last_run          INTEGER NOT NULL,
  last_error        TEXT NOT NULL DEFAULT '',
  runs              INTEGER NOT NULL DEFAULT 0,
  hits              INTEGER NOT NULL DEFAULT 0,
  suppressed_until  INTEGER NOT NULL DEFAULT 0,
  ingested          INTEGER NOT NULL DEFAULT 0, -- up to which ingestion time late rows were looked for
  PRIMARY KEY (rule_id, version)
) WITHOUT ROWID;

-- The newest alert about each subject: a rule, its version and the entities.
CREATE TABLE detect_subject (
  subject  TEXT PRIMARY KEY,
  alert    TEXT NOT NULL,
  started  INTEGER NOT NULL, -- of the windows it was seen in
  ended    INTEGER NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE detect_subject;
DROP TABLE detect_rule;
