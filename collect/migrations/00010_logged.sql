-- +goose Up

-- The journal position of each certificate, from which the archive has it; null
-- until it is journalled.
ALTER TABLE collect_certificate ADD COLUMN logged INTEGER;
CREATE INDEX collect_certificate_unlogged ON collect_certificate (tenant, content_type) WHERE logged IS NULL;
