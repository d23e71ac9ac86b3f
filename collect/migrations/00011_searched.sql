-- +goose Up

-- Spans of time in which every record that happened was brought by another road
-- than the feeds: a search of the audit log without restrictions. Times are
-- microseconds since 1970, UTC.
CREATE TABLE collect_searched (
  tenant        TEXT    NOT NULL,
  searched_from INTEGER NOT NULL,            -- half-open, by when records happened
  searched_to   INTEGER NOT NULL,
  recorded      INTEGER NOT NULL,
  PRIMARY KEY (tenant, searched_from, searched_to)
) STRICT, WITHOUT ROWID;
