package state

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func migration(text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
}

func TestOpenSetsEveryConnectionUp(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "odd name?#%.db"))
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "trusted_schema": "0"}
	for range 3 { // held open together, so that each is another connection
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for pragma, value := range want {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != value {
				t.Errorf("%s = %s, want %s", pragma, got, value)
			}
		}
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "state.db"))
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 3 {
		t.Errorf("%d files, want the database, its log and its shared memory", len(entries))
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want -rw-------", entry.Name(), info.Mode())
		}
	}
}

func TestMigrateRunsEachStepOnceAndComponentsApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := open(t, path)
	first := fstest.MapFS{"00001_first.sql": migration("CREATE TABLE a_t (n INTEGER);")}
	both := fstest.MapFS{"migrations/00001_first.sql": first["00001_first.sql"], "migrations/00002_more.sql": migration("ALTER TABLE a_t ADD COLUMN m INTEGER;")}
	other := fstest.MapFS{"00001_other.sql": migration("CREATE TABLE b_t (n INTEGER);")}
	for _, step := range []struct {
		component string
		fsys      fs.FS
	}{{"a", first}, {"b", other}, {"a", first}, {"a", both}, {"a", both}} {
		if err := Migrate(t.Context(), db, step.component, step.fsys); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO a_t (n, m) VALUES (1, 2)"); err != nil {
		t.Error(err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO b_t (n) VALUES (1)"); err != nil {
		t.Error(err)
	}
}

func TestMigrateNamesTheComponentThatFailed(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "state.db"))
	err := Migrate(t.Context(), db, "ledger", fstest.MapFS{"00001_bad.sql": migration("CREATE TABEL x;")})
	if err == nil || !strings.Contains(err.Error(), "ledger") {
		t.Errorf("error %v, want one that names the component", err)
	}
	if err := Migrate(t.Context(), db, "x; DROP TABLE y", fstest.MapFS{}); err == nil {
		t.Error("a component name that is SQL was taken")
	}
}

func TestWritersQueueInsteadOfFailing(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "state.db"))
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if err := increment(t.Context(), db); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT n FROM t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 80 {
		t.Errorf("n = %d after 80 increments", n)
	}
}

// increment reads and then writes in one transaction: without an immediate
// lock this fails with SQLITE_BUSY_SNAPSHOT.
func increment(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT n FROM t").Scan(&n); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE t SET n = ?", n+1); err != nil {
		return err
	}
	return tx.Commit()
}

// A version that does not know what a newer one did to the state leaves it alone.
func TestStateOfANewerVersionIsRefused(t *testing.T) {
	ctx, db := t.Context(), open(t, filepath.Join(t.TempDir(), "state.db"))
	first := fstest.MapFS{"00001_a.sql": migration("CREATE TABLE a (n INTEGER);")}
	newer := fstest.MapFS{"00001_a.sql": first["00001_a.sql"], "00002_b.sql": migration("CREATE TABLE b (n INTEGER);")}
	other := fstest.MapFS{"00001_a.sql": first["00001_a.sql"], "00003_c.sql": migration("CREATE TABLE c (n INTEGER);")}
	for _, fsys := range []fstest.MapFS{first, newer, newer} {
		if err := Migrate(ctx, db, "thing", fsys); err != nil {
			t.Fatal(err)
		}
	}
	for name, fsys := range map[string]fstest.MapFS{"an older version": first, "another branch": other} {
		if err := Migrate(ctx, db, "thing", fsys); !errors.Is(err, ErrNewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := db.ExecContext(ctx, "SELECT * FROM c"); err == nil {
		t.Error("a step was run all the same")
	}
}
