-- +goose Up
CREATE TABLE incident (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  title           TEXT NOT NULL,
  severity        TEXT NOT NULL,
  status          TEXT NOT NULL,
  classification  TEXT NOT NULL DEFAULT '',
  owner           TEXT NOT NULL DEFAULT '',
  created         INTEGER NOT NULL, -- all times: microseconds since 1970, UTC
  updated         INTEGER NOT NULL,
  closed          INTEGER,
  first_activity  INTEGER NOT NULL,
  last_activity   INTEGER NOT NULL
);
CREATE INDEX incident_by_status ON incident (status, last_activity);

CREATE TABLE incident_alert (
  id        TEXT PRIMARY KEY,
  incident  INTEGER REFERENCES incident (number), -- null when the rule makes no incident
  rule_id   TEXT NOT NULL,
  severity  TEXT NOT NULL,
  started   INTEGER NOT NULL,
  ended     INTEGER NOT NULL,
  raised    INTEGER NOT NULL,
  digest    TEXT NOT NULL, -- of body: an equal alert changes nothing
  body      TEXT NOT NULL  -- model.Alert as JSON
);
CREATE INDEX incident_alert_by_incident ON incident_alert (incident, started);

-- The identities under which an alert can be found and grouped.
CREATE TABLE incident_alert_entity (
  alert     TEXT NOT NULL REFERENCES incident_alert (id),
  kind      TEXT NOT NULL,
  identity  TEXT NOT NULL,
  PRIMARY KEY (alert, kind, identity)
) WITHOUT ROWID;
CREATE INDEX incident_alert_entity_by_identity ON incident_alert_entity (identity, kind);

CREATE TABLE incident_happening (
  sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
  incident  INTEGER NOT NULL REFERENCES incident (number),
  time      INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  author    TEXT NOT NULL,
  text      TEXT NOT NULL
);
CREATE INDEX incident_happening_by_incident ON incident_happening (incident, sequence);

-- +goose Down
DROP TABLE incident_happening;
DROP TABLE incident_alert_entity;
DROP TABLE incident_alert;
DROP TABLE incident;
