-- +goose Up

-- What tells states of a blob apart where the time of a change is in whole
-- seconds; empty for files.
ALTER TABLE blobexport_blob ADD COLUMN etag TEXT NOT NULL DEFAULT '';
