-- +goose Up

-- Requests that a server has taken on and not ended, so that it goes on with them
-- after a restart. Times are microseconds since 1970, UTC.
CREATE TABLE auditsearch_request (
  id           TEXT    PRIMARY KEY,
  tenant       TEXT    NOT NULL,
  range_from   INTEGER NOT NULL,             -- half-open
  range_to     INTEGER NOT NULL,
  record_types TEXT    NOT NULL,             -- JSON lists; null for all
  operations   TEXT    NOT NULL,
  started      INTEGER NOT NULL
) STRICT;
