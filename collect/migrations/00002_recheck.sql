-- +goose Up

-- When a blob that was fetched soon after its creation is due to be fetched
-- once more, because it may have been read while it was still being filled.
ALTER TABLE collect_blob ADD COLUMN recheck INTEGER;
ALTER TABLE collect_stream ADD COLUMN regrown INTEGER NOT NULL DEFAULT 0;

CREATE INDEX collect_blob_recheck ON collect_blob (tenant, content_type, recheck)
  WHERE recheck IS NOT NULL;
