-- +goose Up
-- Times are seconds since 1970. Passwords are argon2id in PHC form; of sessions
-- and links only the SHA-256 is kept, so that who reads the file signs in as nobody.
CREATE TABLE access_person (
    id       INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    role     TEXT    NOT NULL,
    password TEXT    NOT NULL DEFAULT '',
    disabled INTEGER NOT NULL DEFAULT 0,
    created  INTEGER NOT NULL,
    seen     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE access_session (
    digest  BLOB    PRIMARY KEY,
    person  INTEGER NOT NULL REFERENCES access_person (id),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE access_link (
    digest  BLOB    PRIMARY KEY,
    person  INTEGER NOT NULL REFERENCES access_person (id),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

