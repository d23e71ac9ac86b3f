package investigate

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// store keeps runs and reports in the state database.
type store struct{ db *sql.DB }

func openStore(ctx context.Context, db *sql.DB) (store, error) {
	return store{db}, state.Migrate(ctx, db, "investigate", migrations)
}

// load returns what is kept, the oldest first. What was running when the process ended
// has stopped.
func (s store) load(ctx context.Context) ([]*run, error) {
	return state.All(ctx, s.db, "read investigations", func(row state.Row) (*run, error) {
		var text string
		a := &run{stop: func() {}}
		if err := row.Scan(&text, &a.size); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &a.Run); err != nil {
			return nil, fmt.Errorf("a run as JSON: %w", err)
		}
		if a.State == Running {
			a.State, a.Ended = Stopped, a.Started
		}
		return a, nil
	}, `SELECT run, size FROM investigation ORDER BY started, id`)
}

// keep writes a run, and its report where one was made.
func (s store) keep(ctx context.Context, a *Run, report packed) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `INSERT OR REPLACE INTO investigation (id, started, run, size, report) VALUES (?, ?, ?, ?, ?)`,
		a.ID, a.Started.UnixMicro(), string(text), report.size, report.bytes); err != nil {
		return fmt.Errorf("keep investigation %s: %w", a.ID, err)
	}
	return nil
}

// packed is a report as it is kept; the zero value is none.
type packed struct {
	bytes []byte
	size  int // of its JSON
}

// pack is done before a lock is taken: reports have megabytes.
func pack(report any) (packed, error) {
	text, err := json.Marshal(report)
	if err != nil {
		return packed{}, err
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		return packed{}, err
	}
	if err := w.Close(); err != nil {
		return packed{}, err
	}
	return packed{b.Bytes(), len(text)}, nil
}

// report returns the report of a run as JSON; the error is ErrNotFound where there is
// none.
func (s store) report(ctx context.Context, id string) ([]byte, error) {
	var packed []byte
	err := s.db.QueryRowContext(ctx, `SELECT report FROM investigation WHERE id = ?`, id).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && packed == nil {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the report of investigation %s: %w", id, err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("read the report of investigation %s: %w", id, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the report of investigation %s: %w", id, err)
	}
	return text, r.Close()
}

func (s store) remove(ctx context.Context, id string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM investigation WHERE id = ?`, id); err != nil {
		return fmt.Errorf("remove investigation %s: %w", id, err)
	}
	return nil
}
