package investigate

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/query"
)

// slow takes a minute for each section, and answers one row of so many bytes.
func slow(bytes int) Ask {
	return func(ctx context.Context, r query.Request) (*query.Result, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Minute):
		}
		if r.Parameters["user"] == "broken" {
			return nil, errors.New("the engine is gone")
		}
		return &query.Result{Columns: []query.Column{{Name: "Text"}}, Rows: [][]any{{strings.Repeat("x", bytes)}}}, nil
	}
}

func working(t *testing.T, bytes int) *Runs {
	t.Helper()
	return workingOn(t, openState(t), bytes)
}

func openState(t *testing.T) *sql.DB {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func workingOn(t *testing.T, db *sql.DB, bytes int) *Runs {
	t.Helper()
	runs, err := Open(t.Context(), db, slow(bytes), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- runs.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return runs
}

func begin(t *testing.T, runs *Runs, user string) Run {
	t.Helper()
	run, err := runs.Start(Subject{User: user}, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestRunsTellHowFarTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := working(t, 1)
		run := begin(t, runs, "ada@coast.example")
		time.Sleep(3*time.Minute + time.Second)
		now, err := runs.Get(run.ID)
		if err != nil || now.State != Running || now.Finished != 3 || now.Total != 8 {
			t.Errorf("after three minutes: %+v, error %v", now, err)
		}
		var none *NoReportError
		if _, err := runs.Report(t.Context(), run.ID); !errors.As(err, &none) {
			t.Errorf("a report that is not made gives %v", err)
		}
		time.Sleep(5 * time.Minute)
		now, err = runs.Get(run.ID)
		if err != nil || now.State != Done || now.Finished != 8 || len(now.Sections) != 8 || now.Sections[0].Rows != 1 {
			t.Errorf("after eight minutes: %+v, error %v", now, err)
		}
		report, err := runs.Report(t.Context(), run.ID)
		if err != nil || report.SHA256 != now.SHA256 || report.Subject.User != "ada@coast.example" {
			t.Errorf("the report is %+v, error %v", report, err)
		}
		failed := begin(t, runs, "broken")
		time.Sleep(2 * time.Minute)
		if now, err := runs.Get(failed.ID); err != nil || now.State != Failed || !strings.Contains(now.Error, "1-messages-opened.kql: the engine is gone") {
			t.Errorf("a run that fails: %+v, error %v", now, err)
		}
	})
}

// The newest reports are kept within bounds, and a third one waits for its turn.
func TestRunsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := working(t, 32<<10) // 256 KiB a report
		runs.keep = 700 << 10
		first, second := begin(t, runs, "a"), begin(t, runs, "b")
		if _, err := runs.Start(Subject{User: "c"}, "Ada"); !errors.Is(err, ErrBusy) {
			t.Errorf("a third at the same time: %v", err)
		}
		if err := runs.Remove(t.Context(), second.ID); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if _, err := runs.Get(second.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("after it was taken away: %v", err)
		}
		for range 2 {
			begin(t, runs, "d")
			time.Sleep(9 * time.Minute)
		}
		if _, err := runs.Get(first.ID); !errors.Is(err, ErrNotFound) || len(runs.List()) != 2 {
			t.Errorf("three reports of 256 KiB are kept in 700: %v, %d", err, len(runs.List()))
		}
	})
}

// TestRunsOutliveTheProcess finds a report again after a restart, for thirty days; what
// was being made then has stopped.
func TestRunsOutliveTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openState(t)
		runs := workingOn(t, db, 1000)
		done := begin(t, runs, "ada@coast.example")
		time.Sleep(9 * time.Minute)
		before, err := runs.Report(t.Context(), done.ID)
		if err != nil {
			t.Fatal(err)
		}
		torn := begin(t, runs, "bo@coast.example")
		runs = workingOn(t, db, 1000)
		now, err := runs.Get(done.ID)
		if err != nil || now.State != Done || now.By != "Ada" || now.SHA256 != before.SHA256 || len(now.Sections) != 8 || !now.Started.Equal(done.Started) {
			t.Errorf("%+v, %v", now, err)
		}
		if report, err := runs.Report(t.Context(), done.ID); err != nil || report.SHA256 != before.SHA256 || len(report.Sections) != len(before.Sections) {
			t.Errorf("%+v, %v", report, err)
		}
		var none *NoReportError
		if _, err := runs.Report(t.Context(), torn.ID); !errors.As(err, &none) || none.State != Stopped {
			t.Errorf("what was being made: %v", err)
		}
		time.Sleep(31 * 24 * time.Hour)
		if _, err := runs.Get(done.ID); !errors.Is(err, ErrNotFound) || len(runs.List()) != 0 {
			t.Errorf("after thirty days: %v, %d", err, len(runs.List()))
		}
		var left int
		if err := db.QueryRow(`SELECT count(*) FROM investigation`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d are left in the state, %v", left, err)
		}
	})
}
