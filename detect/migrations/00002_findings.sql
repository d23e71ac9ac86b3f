-- +goose Up
-- What each window showed of a subject, so that evaluating it again with the
-- same rows is no news.
CREATE TABLE detect_finding (
  subject  TEXT NOT NULL,
  ended    INTEGER NOT NULL, -- end of the window, microseconds since 1970 UTC
  digest   TEXT NOT NULL,
  PRIMARY KEY (subject, ended)
) WITHOUT ROWID;
CREATE INDEX detect_finding_by_end ON detect_finding (ended);

-- The alerts about each subject, with the windows they were seen in. Late rows
-- lead back to an alert that is not the newest.
CREATE TABLE detect_episode (
  subject  TEXT NOT NULL,
  alert    TEXT NOT NULL,
  started  INTEGER NOT NULL,
  ended    INTEGER NOT NULL,
  PRIMARY KEY (subject, alert)
) WITHOUT ROWID;
INSERT INTO detect_episode SELECT subject, alert, started, ended FROM detect_subject;
DROP TABLE detect_subject;

-- Who switched a rule off, and who agreed where it takes two.
CREATE TABLE detect_disabled (
  rule_id   TEXT PRIMARY KEY,
  at        INTEGER NOT NULL,
  by        TEXT NOT NULL,
  why       TEXT NOT NULL,
  agreed    TEXT NOT NULL DEFAULT '' -- empty until a second person agrees
) WITHOUT ROWID;

-- What was written of a rule's health last.
CREATE TABLE detect_reported (
  rule_id  TEXT PRIMARY KEY,
  at       INTEGER NOT NULL,
  status   TEXT NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE detect_reported;
DROP TABLE detect_disabled;
CREATE TABLE detect_subject (
  subject  TEXT PRIMARY KEY,
  alert    TEXT NOT NULL,
  started  INTEGER NOT NULL,
  ended    INTEGER NOT NULL
) WITHOUT ROWID;
INSERT OR REPLACE INTO detect_subject SELECT subject, alert, started, ended FROM detect_episode ORDER BY ended;
DROP TABLE detect_episode;
DROP TABLE detect_finding;
