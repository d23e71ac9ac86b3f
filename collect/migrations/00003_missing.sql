-- +goose Up

-- How often in a row the source has said that the blob does not exist.
ALTER TABLE collect_blob ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
