-- +goose Up
-- Rows of the last result.
ALTER TABLE detect_rule ADD COLUMN result_rows INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE detect_rule DROP COLUMN result_rows;
