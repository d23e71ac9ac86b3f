-- +goose Up

-- One row per imported payload whose rows are in the lake or in the journal
-- for good. Times are microseconds since 1970, UTC.
CREATE TABLE pipeline_import (
  sha256    BLOB    NOT NULL,            -- of the payload's body
  format    TEXT    NOT NULL,            -- the same bytes may be read in two ways
  name      TEXT    NOT NULL,            -- of the first file that held it
  position  INTEGER NOT NULL,            -- in the journal
  records   INTEGER NOT NULL,            -- taken from it, new or not
  rejected  INTEGER NOT NULL,
  imported  INTEGER NOT NULL,
  PRIMARY KEY (sha256, format)
) STRICT, WITHOUT ROWID;

-- One row per journal entry that made the normaliser panic or fit no table. The
-- payload is in the journal; nothing of it is in the lake.
CREATE TABLE pipeline_quarantine (
  position  INTEGER NOT NULL PRIMARY KEY,
  name      TEXT    NOT NULL,
  format    TEXT    NOT NULL,
  sha256    BLOB    NOT NULL,
  reason    TEXT    NOT NULL,
  seen      INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE pipeline_quarantine;
DROP TABLE pipeline_import;
