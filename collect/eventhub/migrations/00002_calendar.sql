-- +goose Up

-- What the calendar needs: whose the records are, since when the partition is
-- read, and whether this process still reads it.
ALTER TABLE eventhub_partition ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE eventhub_partition ADD COLUMN since INTEGER NOT NULL DEFAULT 0;  -- 0: before this column was there
ALTER TABLE eventhub_partition ADD COLUMN held INTEGER NOT NULL DEFAULT 1;   -- 0: another member of the group reads it
