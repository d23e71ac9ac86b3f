-- +goose Up
-- All times: microseconds since 1970, UTC.
CREATE TABLE automation_rule (
  id    TEXT PRIMARY KEY,
  body  TEXT NOT NULL, -- YAML
  by    TEXT NOT NULL,
  at    INTEGER NOT NULL
) WITHOUT ROWID;

-- Up to which change of incidents rules were applied.
CREATE TABLE automation_cursor (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  sequence  INTEGER NOT NULL
);
INSERT INTO automation_cursor VALUES (1, 0);

-- Actions: those that wait, and what became of the others.
CREATE TABLE automation_run (
  sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
  rule_id    TEXT NOT NULL,
  rule_name  TEXT NOT NULL,
  incident   INTEGER NOT NULL,
  change     INTEGER NOT NULL, -- the change of the incident that it is about
  place      INTEGER NOT NULL, -- among the actions of the rule
  body       TEXT NOT NULL,    -- the action as JSON
  state      TEXT NOT NULL,    -- waiting, done, failed, refused
  attempts   INTEGER NOT NULL DEFAULT 0,
  at         INTEGER NOT NULL,
  due        INTEGER NOT NULL,
  done       INTEGER NOT NULL DEFAULT 0,
  error      TEXT NOT NULL DEFAULT '',
  UNIQUE (rule_id, change, place)
);
CREATE INDEX automation_run_by_state ON automation_run (state, due);
CREATE INDEX automation_run_by_incident ON automation_run (incident);

-- +goose Down
DROP TABLE automation_run;
DROP TABLE automation_cursor;
DROP TABLE automation_rule;
