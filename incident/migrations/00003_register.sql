-- +goose Up
-- What people say of an incident for the register. All times: microseconds
-- since 1970, UTC.
CREATE TABLE incident_register (
  incident     INTEGER PRIMARY KEY REFERENCES incident (number),
  occurred     INTEGER, -- null: the first activity
  discovered   INTEGER, -- null: when the incident was made
  description  TEXT NOT NULL DEFAULT '',
  actions      TEXT NOT NULL DEFAULT '',
  statutory    TEXT NOT NULL DEFAULT '' -- names of clocks, with commas
);

CREATE TABLE incident_report (
  sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
  incident   INTEGER NOT NULL REFERENCES incident (number),
  recipient  TEXT NOT NULL,
  at         INTEGER NOT NULL,
  by         TEXT NOT NULL,
  reference  TEXT NOT NULL
);
CREATE INDEX incident_report_by_incident ON incident_report (incident, at);

CREATE TABLE incident_task (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  incident  INTEGER NOT NULL REFERENCES incident (number),
  title     TEXT NOT NULL,
  by        TEXT NOT NULL,
  at        INTEGER NOT NULL,
  done      INTEGER, -- null: open
  done_by   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX incident_task_by_incident ON incident_task (incident, id);

-- +goose Down
DROP TABLE incident_task;
DROP TABLE incident_report;
DROP TABLE incident_register;
