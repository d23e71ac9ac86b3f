-- +goose Up

-- Every certificate of completeness that was issued for a closed day. Times are
-- microseconds since 1970, UTC.
CREATE TABLE collect_certificate (
  tenant        TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  day           INTEGER NOT NULL,            -- its midnight
  sequence      INTEGER NOT NULL,            -- from 1
  issued        INTEGER NOT NULL,
  root          BLOB    NOT NULL,
  statement     TEXT    NOT NULL,            -- what it says besides when it was issued: tells whether anything changed
  signed        BLOB    NOT NULL,            -- the signed note
  PRIMARY KEY (tenant, content_type, day, sequence),
  FOREIGN KEY (tenant, content_type) REFERENCES collect_stream (tenant, content_type)
) STRICT, WITHOUT ROWID;
