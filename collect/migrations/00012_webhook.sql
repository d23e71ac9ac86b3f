-- +goose Up

-- The address that the subscription's webhook was last set to; empty when it was
-- set to none, or is gone.
ALTER TABLE collect_stream ADD COLUMN webhook TEXT NOT NULL DEFAULT '';
