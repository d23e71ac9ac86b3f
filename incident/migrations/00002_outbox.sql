-- +goose Up
-- Rows for SecurityAlert and SecurityIncident, written with the change that
-- they tell of and gone once the journal has them.
CREATE TABLE incident_outbox (
  sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
  body      TEXT NOT NULL -- {"table":…,"key":…,"row":{…}}
);

-- What automation and people put on an incident.
CREATE TABLE incident_tag (
  incident  INTEGER NOT NULL REFERENCES incident (number),
  tag       TEXT NOT NULL,
  PRIMARY KEY (incident, tag)
) WITHOUT ROWID;

-- An incident that became part of another.
ALTER TABLE incident ADD COLUMN merged_into INTEGER REFERENCES incident (number);

-- +goose Down
ALTER TABLE incident DROP COLUMN merged_into;
DROP TABLE incident_tag;
DROP TABLE incident_outbox;
