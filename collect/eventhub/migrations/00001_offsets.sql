-- +goose Up

-- One row per partition that was ever read. Times are microseconds since 1970,
-- UTC. The group's offsets are in the namespace; these are for when it has none.
CREATE TABLE eventhub_partition (
  namespace       TEXT    NOT NULL,
  hub             TEXT    NOT NULL,
  partition       INTEGER NOT NULL,
  next            INTEGER NOT NULL,            -- the offset behind the last one journalled here
  latest          INTEGER NOT NULL,            -- when the hub took the last message journalled here
  caught_up       INTEGER NOT NULL DEFAULT 0,  -- when nothing was last seen to be outstanding
  payloads        INTEGER NOT NULL DEFAULT 0,
  messages        INTEGER NOT NULL DEFAULT 0,
  bytes           INTEGER NOT NULL DEFAULT 0,
  last_journalled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (namespace, hub, partition)
) STRICT, WITHOUT ROWID;

-- What came in each hour, by the time at which the hub took it. Repeats count.
CREATE TABLE eventhub_hour (
  namespace TEXT    NOT NULL,
  hub       TEXT    NOT NULL,
  hour      INTEGER NOT NULL,
  messages  INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  PRIMARY KEY (namespace, hub, hour)
) STRICT, WITHOUT ROWID;

-- Messages that are lost for ever: the offsets from gap_from up to gap_to. A hub
-- that counts from its start again has gap_to below gap_from.
CREATE TABLE eventhub_gap (
  id        INTEGER PRIMARY KEY,
  namespace TEXT    NOT NULL,
  hub       TEXT    NOT NULL,
  partition INTEGER NOT NULL,
  gap_from  INTEGER NOT NULL,
  gap_to    INTEGER NOT NULL,
  after     INTEGER NOT NULL,  -- bounds of the time at which the hub took them; after is 0 when nobody knows
  before    INTEGER NOT NULL,
  recorded  INTEGER NOT NULL,
  reason    TEXT    NOT NULL,
  UNIQUE (namespace, hub, partition, gap_from, gap_to)
) STRICT;
