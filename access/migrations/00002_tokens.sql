-- +goose Up
-- Times are seconds since 1970; expires is 0 for a token that does not end. Only
-- the SHA-256 of a token is kept.
CREATE TABLE access_token (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    role    TEXT    NOT NULL,
    digest  BLOB    NOT NULL UNIQUE,
    author  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL DEFAULT 0,
    used    INTEGER NOT NULL DEFAULT 0
) STRICT;
