-- +goose Up
-- Times are microseconds since 1970, UTC.
CREATE TABLE notebook_note (
    id      INTEGER PRIMARY KEY,
    kind    TEXT    NOT NULL,
    owner   TEXT    NOT NULL COLLATE NOCASE,
    shared  INTEGER NOT NULL,
    title   TEXT    NOT NULL,
    query   TEXT    NOT NULL,
    range   TEXT    NOT NULL,
    remark  TEXT    NOT NULL,
    row     TEXT    NOT NULL,
    created INTEGER NOT NULL
) STRICT;
