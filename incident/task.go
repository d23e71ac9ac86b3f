package incident

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// Task is something to be done about an incident.
type Task struct {
	ID     int64
	Title  string
	By     string
	At     time.Time // UTC
	Done   time.Time // zero: open
	DoneBy string
}

const maxTask = 500 // bytes of a title

// AddTask adds a task to an incident.
func (s *Store) AddTask(ctx context.Context, number int64, title, by string) error {
	title = strings.TrimSpace(title)
	if title == "" || len(title) > maxTask {
		return fmt.Errorf("task of incident %d: %w: a title has 1 to %d bytes", number, ErrInvalidChange, maxTask)
	}
	return s.inTransaction(ctx, fmt.Sprintf("task of incident %d", number), func(tx *sql.Tx) error {
		if _, err := readDetail(ctx, tx, number); err != nil {
			return err
		}
		if err := s.addTask(ctx, tx, number, title, by); err != nil {
			return err
		}
		return s.putIncident(ctx, tx, number, by)
	})
}

func (s *Store) addTask(ctx context.Context, tx *sql.Tx, number int64, title, by string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO incident_task (incident, title, by, at) VALUES (?,?,?,?)`, number, title, by, micros(s.now())); err != nil {
		return fmt.Errorf("add task: %w", err)
	}
	return s.note(ctx, tx, number, "task", by, title)
}

// SetTask marks a task as done, or as open again. ErrNotFound where the incident
// has none of that number.
func (s *Store) SetTask(ctx context.Context, number, id int64, done bool, by string) error {
	return s.inTransaction(ctx, fmt.Sprintf("task %d of incident %d", id, number), func(tx *sql.Tx) error {
		var title string
		err := tx.QueryRowContext(ctx, `SELECT title FROM incident_task WHERE id=? AND incident=?`, id, number).Scan(&title)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		at, doneBy, kind := sql.NullInt64{Int64: micros(s.now()), Valid: done}, by, "task-done"
		if !done {
			doneBy, kind = "", "task-open"
		}
		if _, err := tx.ExecContext(ctx, `UPDATE incident_task SET done=?, done_by=? WHERE id=?`, at, doneBy, id); err != nil {
			return err
		}
		if err := s.note(ctx, tx, number, kind, by, title); err != nil {
			return err
		}
		return s.putIncident(ctx, tx, number, by)
	})
}

func readTasks(ctx context.Context, db state.Querier, number int64) ([]Task, error) {
	return state.All(ctx, db, fmt.Sprintf("read tasks of incident %d", number), func(row state.Row) (t Task, err error) {
		var at int64
		var done sql.NullInt64
		err = row.Scan(&t.ID, &t.Title, &t.By, &at, &done, &t.DoneBy)
		t.At = fromMicros(at)
		if done.Valid {
			t.Done = fromMicros(done.Int64)
		}
		return t, err
	}, `SELECT id, title, by, at, done, done_by FROM incident_task WHERE incident=? ORDER BY id`, number)
}
