package silence

import (
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// store keeps counts by the hour in the state.
type store struct{ db *sql.DB }

func openStore(ctx context.Context, db *sql.DB) (*store, error) {
	if err := state.Migrate(ctx, db, "silence", migrations); err != nil {
		return nil, fmt.Errorf("open counts for silence: %w", err)
	}
	return &store{db}, nil
}

const weekSeconds = weekHours * 3600

// counted returns up to when records were counted, zero for never.
func (s *store) counted(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.db.QueryRowContext(ctx, `SELECT counted FROM silence_progress`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return time.Unix(at, 0).UTC(), err
}

type weekKey struct {
	Series
	week int64
}

// save writes what was counted up to a time, in one transaction. An hour that
// was counted before is replaced. live says that the records came as they
// happened, so that how late they were says something.
func (s *store) save(ctx context.Context, counts []Count, to time.Time, live bool) error {
	weeks := map[weekKey][]Count{}
	for _, c := range counts {
		at := c.Hour.Unix()
		key := weekKey{c.Series, at - at%weekSeconds}
		weeks[key] = append(weeks[key], c)
	}
	return state.Change(ctx, s.db, func(tx *sql.Tx) error {
		for key, hours := range weeks {
			if err := saveWeek(ctx, tx, key, hours); err != nil {
				return err
			}
		}
		if live {
			if err := saveLags(ctx, tx, counts); err != nil {
				return err
			}
		}
		return saveProgress(ctx, tx, to)
	})
}

func saveLags(ctx context.Context, tx *sql.Tx, counts []Count) error {
	for _, c := range counts {
		if c.Lag <= 0 { // nothing of it came on its own
			continue
		}
		day := c.Hour.Unix() - c.Hour.Unix()%86400
		_, err := tx.ExecContext(ctx, `
			INSERT INTO silence_lag (tenant, content_type, record_type, operation, day, seconds) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET seconds = excluded.seconds WHERE excluded.seconds > seconds`,
			c.Tenant, c.ContentType, c.RecordType, c.Operation, day, int64(c.Lag/time.Second))
		if err != nil {
			return err
		}
	}
	return nil
}

// saveProgress notes up to when was counted, and forgets what is too old to learn from.
func saveProgress(ctx context.Context, tx *sql.Tx, to time.Time) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO silence_progress (one, counted) VALUES (1, ?1) ON CONFLICT DO UPDATE SET counted = ?1`, to.Unix()); err != nil {
		return err
	}
	for table, before := range map[string]time.Time{
		"silence_week WHERE week": to.Add(-(memoryWeeks + 2) * weekHours * time.Hour), "silence_lag WHERE day": to.Add(-lagMemory - 24*time.Hour),
	} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" < ?", before.Unix()); err != nil {
			return err
		}
	}
	return nil
}

func saveWeek(ctx context.Context, tx *sql.Tx, key weekKey, hours []Count) error {
	var blob []byte
	err := tx.QueryRowContext(ctx, `
		SELECT counts FROM silence_week WHERE tenant = ? AND content_type = ? AND record_type = ? AND operation = ? AND week = ?`,
		key.Tenant, key.ContentType, key.RecordType, key.Operation, key.week).Scan(&blob)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	counts := decodeWeek(blob)
	changed := err != nil
	for _, c := range hours {
		slot := (c.Hour.Unix() - key.week) / 3600
		n := uint32(min(c.Records, 1<<32-1))
		changed = changed || counts[slot] != n
		counts[slot] = n
	}
	if !changed {
		return nil
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO silence_week (tenant, content_type, record_type, operation, week, counts) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET counts = excluded.counts`,
		key.Tenant, key.ContentType, key.RecordType, key.Operation, key.week, encodeWeek(&counts))
	return err
}

func encodeWeek(counts *[weekHours]uint32) []byte {
	blob := make([]byte, 0, weekHours)
	for _, n := range counts {
		blob = binary.AppendUvarint(blob, uint64(n))
	}
	return blob
}

// decodeWeek reads as much as there is.
func decodeWeek(blob []byte) (counts [weekHours]uint32) {
	for i := range counts {
		n, size := binary.Uvarint(blob)
		if size <= 0 {
			return counts
		}
		counts[i], blob = uint32(n), blob[size:]
	}
	return counts
}

// each hands over every series with its counts from the hour of start on, n of
// them. The slice is the callee's only until it returns.
func (s *store) each(ctx context.Context, start time.Time, n int, use func(Series, []uint32) error) error {
	rows, err := s.db.QueryContext(ctx, `
		SELECT tenant, content_type, record_type, operation, week, counts FROM silence_week
		WHERE week > ? ORDER BY tenant, content_type, record_type, operation, week`, start.Unix()-weekSeconds)
	if err != nil {
		return err
	}
	defer rows.Close()
	var current Series
	all := make([]uint32, n)
	began := false
	for rows.Next() {
		var key weekKey
		var blob []byte
		if err := rows.Scan(&key.Tenant, &key.ContentType, &key.RecordType, &key.Operation, &key.week, &blob); err != nil {
			return err
		}
		if began && key.Series != current {
			if err := use(current, all); err != nil {
				return err
			}
			clear(all)
		}
		current, began = key.Series, true
		for slot, count := range decodeWeek(blob) {
			if at := (key.week-start.Unix())/3600 + int64(slot); at >= 0 && at < int64(n) {
				all[at] = count
			}
		}
	}
	if err := rows.Err(); err != nil || !began {
		return err
	}
	return use(current, all)
}

// lags returns how late the records of each series were, a number of seconds a
// day.
func (s *store) lags(ctx context.Context, since time.Time) (map[Series][]int64, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT tenant, content_type, record_type, operation, seconds FROM silence_lag WHERE day >= ?`, since.Unix())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[Series][]int64{}
	for rows.Next() {
		var key Series
		var seconds int64
		if err := rows.Scan(&key.Tenant, &key.ContentType, &key.RecordType, &key.Operation, &seconds); err != nil {
			return nil, err
		}
		all[key] = append(all[key], seconds)
	}
	return all, rows.Err()
}
