-- +goose Up

-- One row per export file. Times are microseconds since 1970, UTC.
CREATE TABLE blobexport_blob (
  store      TEXT    NOT NULL,
  container  TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  read_to    INTEGER NOT NULL,            -- bytes journalled from the start; always ends a line
  lines      INTEGER NOT NULL,            -- lines in them
  tail       BLOB    NOT NULL,            -- SHA-256 of the tail_size bytes before read_to: tells a replaced blob from a grown one
  tail_size  INTEGER NOT NULL,
  size       INTEGER NOT NULL,            -- size and modification time when it was last read to its end
  modified   INTEGER NOT NULL,
  replaced   INTEGER NOT NULL DEFAULT 0,  -- how often it was found replaced
  PRIMARY KEY (store, container, name)
) STRICT, WITHOUT ROWID;

-- Totals per container.
CREATE TABLE blobexport_container (
  store           TEXT    NOT NULL,
  container       TEXT    NOT NULL,
  chunks          INTEGER NOT NULL DEFAULT 0,
  lines           INTEGER NOT NULL DEFAULT 0,
  bytes           INTEGER NOT NULL DEFAULT 0,
  last_journalled INTEGER,
  last_modified   INTEGER,
  last_success    INTEGER,
  PRIMARY KEY (store, container)
) STRICT, WITHOUT ROWID;
