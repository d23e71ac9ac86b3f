package statetest

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/quoll/quoll/internal/durable/durabletest"
)

// insert adds a number in a transaction.
func insert(t *testing.T, db *sql.DB, n int) error {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (?)", n); err != nil {
		return err
	}
	return tx.Commit()
}

func sum(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT sum(n) FROM t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommitsFailAndCrashOnDemand(t *testing.T) {
	d, err := New("state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	machine := durabletest.New(nil)
	db := d.Open(machine)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		outcome durabletest.Outcome
		want    error
		sum     int
	}{
		{durabletest.Done, nil, 1},
		{durabletest.FailLost, durabletest.ErrInjected, 1},
		{durabletest.FailKept, durabletest.ErrInjected, 101},
		{durabletest.Done, nil, 1101},
	} {
		machine.SetInject(func(durabletest.Op) durabletest.Outcome { return step.outcome })
		if err := insert(t, db, []int{1, 10, 100, 1000}[i]); !errors.Is(err, step.want) {
			t.Errorf("step %d: %v", i, err)
		}
		if n := sum(t, db); n != step.sum {
			t.Errorf("step %d: the sum is %d, want %d", i, n, step.sum)
		}
	}
	machine.SetInject(func(op durabletest.Op) durabletest.Outcome {
		if op.Kind != "commit" || op.Name != "state.db" {
			t.Errorf("operation %+v", op)
		}
		return durabletest.Crash
	})
	if err := insert(t, db, 10_000); !errors.Is(err, durabletest.ErrCrashed) {
		t.Errorf("commit in the crash: %v", err)
	}
	if err := db.QueryRowContext(t.Context(), "SELECT 1").Err(); !errors.Is(err, durabletest.ErrCrashed) {
		t.Errorf("query after the crash: %v", err)
	}
	db.Close()
	db = d.Open(machine.AfterCrash(durabletest.KeepNone, nil))
	defer db.Close()
	if n := sum(t, db); n != 1101 {
		t.Errorf("after the crash the sum is %d", n)
	}
}
