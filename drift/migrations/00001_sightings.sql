-- +goose Up

-- One row per thing that was seen first: a category, a record type, a workload,
-- an operation, a field with a type, a value. Rows with what = 'many' say that
-- the values of a field are no longer listed. key is normalise.Sighting.Key.
-- Times are microseconds since 1970, UTC.
CREATE TABLE drift_sighting (
  key          INTEGER NOT NULL PRIMARY KEY,
  parent       INTEGER NOT NULL,            -- key of the kind of record, or of the field
  what         TEXT    NOT NULL,
  category     TEXT    NOT NULL,
  record_type  TEXT    NOT NULL,
  operation    TEXT    NOT NULL,
  field        TEXT    NOT NULL,
  type         TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  first_seen   INTEGER NOT NULL,            -- when its payload arrived
  happened     INTEGER,                     -- when the record says it happened
  position     INTEGER NOT NULL,            -- of its payload in the journal
  record_id    TEXT    NOT NULL,
  example      TEXT    NOT NULL
) STRICT;

CREATE INDEX drift_sighting_seen ON drift_sighting (first_seen);
CREATE INDEX drift_sighting_parent ON drift_sighting (parent);

-- What found no room.
CREATE TABLE drift_overflow (
  what       TEXT    NOT NULL PRIMARY KEY,
  count      INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE drift_overflow;
DROP TABLE drift_sighting;
