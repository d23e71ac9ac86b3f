-- +goose Up

-- What the calendar of gaps is made of. Times are microseconds since 1970, UTC.
ALTER TABLE collect_stream ADD COLUMN listed_from     INTEGER; -- where the first listing began
ALTER TABLE collect_stream ADD COLUMN settled_through INTEGER; -- hours that ended before were listed again long enough after their end, or are a gap
ALTER TABLE collect_stream ADD COLUMN closed_through  INTEGER; -- every hour before is in collect_hour
ALTER TABLE collect_stream ADD COLUMN overlap         INTEGER NOT NULL DEFAULT 21600000000; -- how long that is

-- One row per hour of creation that is closed: listed again after its end and
-- the overlap, and every blob in it settled. It stays when the blobs are pruned.
CREATE TABLE collect_hour (
  tenant        TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  hour          INTEGER NOT NULL,            -- its beginning
  closed        INTEGER NOT NULL,            -- when it was closed, the last time
  closings      INTEGER NOT NULL DEFAULT 1,  -- more than one when blobs came later still
  reopened      INTEGER NOT NULL DEFAULT 0,  -- 1 while such a blob waits for the next closing
  listed        INTEGER NOT NULL,            -- blobs
  expired       INTEGER NOT NULL,            -- blobs of them that were lost
  records       INTEGER NOT NULL,
  bytes         INTEGER NOT NULL,
  root          BLOB    NOT NULL,            -- RFC 6962 tree over its blobs
  silent        INTEGER NOT NULL DEFAULT 0,  -- 1 when it is empty and the weeks before were not
  PRIMARY KEY (tenant, content_type, hour),
  FOREIGN KEY (tenant, content_type) REFERENCES collect_stream (tenant, content_type)
) STRICT, WITHOUT ROWID;
CREATE INDEX collect_hour_reopened ON collect_hour (tenant, content_type, hour) WHERE reopened = 1;
CREATE INDEX collect_blob_created ON collect_blob (tenant, content_type, created);

-- Spans in which every look at a subscription found the same status.
CREATE TABLE collect_subscription (
  tenant        TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  seen_from     INTEGER NOT NULL,            -- the first look
  seen_to       INTEGER NOT NULL,            -- the last look
  status        TEXT    NOT NULL,
  PRIMARY KEY (tenant, content_type, seen_from),
  FOREIGN KEY (tenant, content_type) REFERENCES collect_stream (tenant, content_type)
) STRICT, WITHOUT ROWID;
INSERT INTO collect_subscription
  SELECT tenant, content_type, subscription_seen, subscription_seen, 'enabled' FROM collect_stream WHERE subscription_seen IS NOT NULL;
