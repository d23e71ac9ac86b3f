-- +goose Up

-- Records by the hour of what happened, a row a series and week. Times are
-- seconds since 1970, UTC; a week begins on Thursday, as 1970 did.
CREATE TABLE silence_week (
  tenant        TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  record_type   TEXT    NOT NULL,
  operation     TEXT    NOT NULL,
  week          INTEGER NOT NULL,            -- its beginning
  counts        BLOB    NOT NULL,            -- 168 unsigned varints
  PRIMARY KEY (tenant, content_type, record_type, operation, week)
) STRICT, WITHOUT ROWID;

-- How late the latest record of a day was, from happening to being visible.
CREATE TABLE silence_lag (
  tenant        TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  record_type   TEXT    NOT NULL,
  operation     TEXT    NOT NULL,
  day           INTEGER NOT NULL,            -- its midnight
  seconds       INTEGER NOT NULL,
  PRIMARY KEY (tenant, content_type, record_type, operation, day)
) STRICT, WITHOUT ROWID;

-- How far the counts were taken.
CREATE TABLE silence_progress (
  one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  counted  INTEGER NOT NULL
) STRICT;
