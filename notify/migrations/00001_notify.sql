-- +goose Up
-- The log of deliveries, which is the queue as well. Times: microseconds since
-- 1970, UTC.
CREATE TABLE notify_delivery (
  target     TEXT NOT NULL,
  key        TEXT NOT NULL,
  sequence   INTEGER NOT NULL,
  message    TEXT NOT NULL,          -- Message as JSON
  state      TEXT NOT NULL,          -- waiting, delivered, failed, held
  attempts   INTEGER NOT NULL DEFAULT 0,
  due        INTEGER NOT NULL,
  done       INTEGER NOT NULL DEFAULT 0,
  error      TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (target, key)
) WITHOUT ROWID;
CREATE INDEX notify_delivery_by_due ON notify_delivery (state, due);

-- +goose Down
DROP TABLE notify_delivery;
