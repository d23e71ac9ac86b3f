package lake

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/storetest"
	"github.com/quoll/quoll/schema"
)

// These tests are of what only a lake in a store has. They run on a store in memory,
// whatever the others run on.

// storedConfig is a lake of few tables in a store.
func storedConfig(dir string, objects Objects) Config {
	config := compactConfig(dir)
	config.Tables = fewTables
	config.Store = &Store{Objects: objects, URI: "s3://bucket/some", CacheBytes: 1 << 30, Random: func() float64 { return 0 }, Host: "here"}
	return config
}

func opens(t *testing.T, config Config) *Lake {
	t.Helper()
	return openCompact(t, config)
}

// TestTwoProcessesCannotBothCommit opens a second lake on a copy of the folder, as a
// cloned machine would: the first can commit no more and touches nothing, until it
// is opened again and the second one is out.
func TestTwoProcessesCannotBothCommit(t *testing.T) {
	store := storetest.NewMemory()
	one, two := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "lake")
	a := opens(t, storedConfig(one, store))
	apply(t, a, batchOf(1))
	flush(t, a)
	copyFolder(t, one, two)
	apply(t, a, batchOf(2))
	a.atStep = func(step string) error {
		if step != "files written" {
			return nil
		}
		a.atStep = func(string) error { return nil }
		b := opens(t, storedConfig(two, store)) // which clears away what a has just written
		apply(t, b, batchOf(2))
		apply(t, b, batchOf(3))
		flush(t, b)
		b.Close()
		return nil
	}
	err := a.Flush(t.Context())
	if !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), `on "here" at 20`) {
		t.Fatalf("the first process: %v", err)
	}
	rowsAre(t, a, 2, "the first process")
	if _, err := a.Apply(t.Context(), batchOf(4)); !errors.Is(err, ErrTaken) {
		t.Errorf("apply: %v", err)
	}
	before := store.Names()
	_, err = a.Compact(t.Context())
	if !errors.Is(err, ErrTaken) || !errors.Is(a.Flush(t.Context()), ErrTaken) {
		t.Errorf("compact: %v", err)
	}
	a.Close()
	if after := store.Names(); !slices.Equal(after, before) {
		t.Errorf("who has lost the lake changed it: %d objects, %d before", len(after), len(before))
	}
	a = opens(t, storedConfig(one, store))
	rowsAre(t, a, 3, "taken back")
	if at := a.tables[schema.UnifiedAuditLog].committed; at != 3 {
		t.Errorf("position %d", at)
	}
	apply(t, a, batchOf(4))
	flush(t, a)
	checkDisk(t, a)
}

// copyFolder copies a folder and leaves the store alone.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// TestEveryFaultOfAStore stops a machine and lets a store fail at each operation of a
// compaction.
func TestEveryFaultOfAStore(t *testing.T) {
	m := newInMemory(t)
	m.tables = fewTables[:2]
	m.inStore()
	compactionSurvives(t, m)
}

// TestAStoreThatFails lets all operations of a kind fail: rows stay visible, more
// come, and all is written once the store does again.
func TestAStoreThatFails(t *testing.T) {
	down := func(status int, kinds ...string) func(string, string) (bool, error) {
		return func(kind, name string) (bool, error) {
			if len(kinds) > 0 && !slices.Contains(kinds, kind) {
				return true, nil
			}
			return false, &objectstore.Error{Operation: kind + " " + name, Status: status, Code: "Injected"}
		}
	}
	for name, fails := range map[string]func(kind, name string) (bool, error){
		"unreachable": down(0), "forbidden": down(403), "broken": down(503), "read-only": down(403, "upload", "swap", "replace", "remove"),
	} {
		t.Run(name, func(t *testing.T) {
			store := storetest.NewMemory()
			config := storedConfig(t.TempDir(), store)
			l := opens(t, config)
			apply(t, l, batchOf(1))
			flush(t, l)
			apply(t, l, batchOf(2))
			store.SetStep(fails)
			var failed *objectstore.Error
			if err := l.Flush(t.Context()); !errors.As(err, &failed) || failed.Code != "Injected" {
				t.Fatalf("flush: %v", err)
			}
			apply(t, l, batchOf(3))
			if n := l.Stats()[auditTable(l)].Rows; n != 3 || l.Position() != 1 {
				t.Errorf("%d rows, position %d", n, l.Position())
			}
			if _, err := Open(t.Context(), storedConfig(t.TempDir(), store), quiet); err == nil {
				t.Error("a lake was made in a store that fails")
			}
			store.SetStep(nil)
			flush(t, l)
			rowsAre(t, l, 3, "afterwards")
			l.Close()
			l = opens(t, config)
			rowsAre(t, l, 3, "reopened")
			checkDisk(t, l)
		})
	}
}

// TestAChangeOfTheHeadThatWasReportedAsFailed happened, did not, or comes later than
// anybody waits: what the lake says is what the store has.
func TestAChangeOfTheHeadThatWasReportedAsFailed(t *testing.T) {
	store := storetest.NewMemory()
	config := storedConfig(t.TempDir(), store)
	l := opens(t, config)
	lost := errors.New("no answer")
	once := func(kept bool) {
		asked := 0
		store.SetStep(func(kind, _ string) (bool, error) {
			if kind != "swap" {
				return true, nil
			}
			if asked++; asked == 1 {
				return kept, lost
			}
			return true, nil
		})
	}
	apply(t, l, batchOf(1))
	once(true)
	flush(t, l)
	apply(t, l, batchOf(2))
	once(false)
	before := headOf(t, store)
	if err := l.Flush(t.Context()); !errors.Is(err, lost) {
		t.Fatalf("a change that did not happen: %v", err)
	}
	rowsAre(t, l, 2, "not committed")
	if l.Position() != 1 {
		t.Errorf("position %d", l.Position())
	}
	if headOf(t, store) == before {
		t.Error("the change can still come through")
	}
	store.SetStep(nil)
	flush(t, l)
	l.Close()
	l = opens(t, config)
	rowsAre(t, l, 2, "reopened")
	checkDisk(t, l)
}

// headOf returns the ETag of the only head.
func headOf(t *testing.T, store *storetest.Memory) string {
	t.Helper()
	for _, name := range store.Names() {
		if strings.HasSuffix(name, headSuffix) {
			info, err := store.Stat(context.Background(), name)
			if err != nil {
				t.Fatal(err)
			}
			return info.ETag
		}
	}
	t.Fatal("no head")
	return ""
}

// TestACommitWaitsForTheStore does not let the outcome of a commit be learned for an
// hour: rows come and are read meanwhile, the status says what is waited for, and
// Close does not wait.
func TestACommitWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storetest.NewMemory()
		config := storedConfig(t.TempDir(), store)
		l, err := Open(t.Context(), config, quiet)
		if err != nil {
			t.Fatal(err)
		}
		hangs := func(kind, name string) (bool, error) {
			if strings.HasSuffix(name, headSuffix) {
				return kind == "swap", errors.New("no answer")
			}
			return true, nil
		}
		apply(t, l, batchOf(1))
		store.SetStep(hangs)
		done := make(chan error)
		go func() { done <- l.Flush(context.Background()) }()
		time.Sleep(time.Hour)
		apply(t, l, batchOf(2))
		if s, _ := l.Store(); s.Problem != "no answer" || l.Stats()[auditTable(l)].Rows != 2 {
			t.Errorf("%+v, %d rows", s, l.Stats()[auditTable(l)].Rows)
		}
		store.SetStep(nil)
		if err := <-done; err != nil {
			t.Errorf("the commit had happened: %v", err)
		}
		if s, _ := l.Store(); s.Problem != "" || l.Position() != 1 {
			t.Errorf("%+v, position %d", s, l.Position())
		}
		store.SetStep(hangs)
		go func() { done <- l.Flush(context.Background()) }()
		time.Sleep(time.Minute)
		go l.Close()
		if err := <-done; !errors.Is(err, ErrUncertain) {
			t.Errorf("closed: %v", err)
		}
		store.SetStep(nil)
		synctest.Wait()
		if l, err = Open(t.Context(), config, quiet); err != nil {
			t.Fatal(err)
		}
		if l.tables[schema.UnifiedAuditLog].committed != 2 && l.tables[schema.OfficeActivity].committed != 2 {
			t.Error("the commit whose outcome nobody waited for is not there after the restart")
		}
		l.Close()
	})
}

// TestListingsThatLag open a lake by what they showed before the last commits.
func TestListingsThatLag(t *testing.T) {
	store := storetest.NewMemory()
	config := storedConfig(t.TempDir(), store)
	l := opens(t, config)
	fill(t, l, 1, 2)
	store.Lag(true)
	fill(t, l, 3, 2)
	compact(t, l)
	want := len(rowsOf(t, l, schema.UnifiedAuditLog))
	l.Close()
	l = opens(t, config)
	rowsAre(t, l, want, "by a listing of before")
	l.Close()
	store.Lag(false)
	l = opens(t, config)
	rowsAre(t, l, want, "by one of now")
	checkDisk(t, l)
}

// TestALakeThatIsElsewhere opens one with another store than it has, or none.
func TestALakeThatIsElsewhere(t *testing.T) {
	store, dir := storetest.NewMemory(), t.TempDir()
	config := storedConfig(dir, store)
	l := opens(t, config)
	apply(t, l, batchOf(1))
	flush(t, l)
	l.Close()
	onDisk := config
	onDisk.Store = nil
	refused := func(config Config, want error, text string) {
		t.Helper()
		if _, err := Open(t.Context(), config, quiet); !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v; want %q", err, text)
		}
	}
	refused(onDisk, ErrOtherStore, "lake.store")
	onDisk.Dir = t.TempDir()
	opens(t, onDisk).Close()
	refused(storedConfig(onDisk.Dir, store), ErrOtherStore, "quoll replay")
	refused(storedConfig(dir, storetest.NewMemory()), fs.ErrNotExist, "emptied")
	// A store that was put back to an older state.
	name := store.Names()[0]
	if !strings.HasSuffix(name, headSuffix) {
		t.Fatal(name)
	}
	old, err := below{store, ""}.read(name)
	if err != nil {
		t.Fatal(err)
	}
	l = opens(t, config)
	apply(t, l, batchOf(2))
	flush(t, l)
	l.Close()
	store.Change(name, func([]byte) []byte { return old })
	refused(config, ErrTaken, "older state")
	_, problems, err := Check(t.Context(), storedConfig(dir, storetest.NewMemory()), CheckOptions{})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].String(), "emptied") {
		t.Errorf("check: %v, %v", problems, err)
	}
}

// TestACheckOfAStore finds what is missing, cut, damaged and left over in it, and
// does not take the lake from whoever writes.
func TestACheckOfAStore(t *testing.T) {
	store := storetest.NewMemory()
	config := storedConfig(t.TempDir(), store)
	l := opens(t, config)
	fill(t, l, 1, 4)
	var paths []string
	for _, f := range l.tables[schema.UnifiedAuditLog].files.files[:3] {
		paths = append(paths, f.Path)
	}
	changeFile(t, l, paths[0], func([]byte) []byte { return nil })
	changeFile(t, l, paths[1], func(b []byte) []byte { return b[:len(b)-9] })
	changeFile(t, l, paths[2], flipped(200))
	root := filepath.Base(l.files.root)
	l.Close()
	store.Change(root+"/UnifiedAuditLog/data/left", func([]byte) []byte { return []byte("over") })
	before := headOf(t, store)
	_, problems, err := Check(t.Context(), config, CheckOptions{Last: 4})
	if err != nil || headOf(t, store) != before {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, p := range problems {
		for _, what := range []string{"is missing", "and should have", "damaged", "nothing refers to it"} {
			if strings.Contains(p.What, what) {
				found[what] = true
			}
		}
	}
	if len(found) != 4 {
		t.Errorf("found %v of %v", slices.Sorted(maps.Keys(found)), problems)
	}
}

// TestALakeInAStoreIsReplaced builds another in its place: what it had goes from the
// store, and so does what was built in vain.
func TestALakeInAStoreIsReplaced(t *testing.T) {
	store, dir := storetest.NewMemory(), filepath.Join(t.TempDir(), "lake")
	config := storedConfig(dir, store)
	l := opens(t, config)
	apply(t, l, batchOf(1))
	flush(t, l)
	l.Close()
	old := lakesIn(store)
	build := func() *Replacement {
		r, err := BeginReplace(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Open(t.Context(), r.Config(), quiet)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, l, batchOf(1))
		apply(t, l, batchOf(2))
		flush(t, l)
		l.Close()
		return r
	}
	r := build()
	if n := lakesIn(store); len(n) != 2 {
		t.Fatalf("%v while one is built", n)
	}
	if err := r.unlock(); err != nil { // as a crash leaves it
		t.Fatal(err)
	}
	if err := build().Abort(); err != nil {
		t.Fatal(err)
	}
	if n := lakesIn(store); !slices.Equal(n, old) {
		t.Fatalf("%v, want %v", n, old)
	}
	if err := build().Finish(); err != nil {
		t.Fatal(err)
	}
	l = opens(t, config)
	rowsAre(t, l, 2, "replaced")
	if err := l.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := lakesIn(store); len(n) != 1 || slices.Equal(n, old) {
		t.Errorf("%v, it was %v", n, old)
	}
	rowsAre(t, l, 2, "maintained")
	checkDisk(t, l)
}

// lakesIn returns the names of the lakes in a store.
func lakesIn(store *storetest.Memory) []string {
	names := map[string]bool{}
	for _, name := range store.Names() {
		lake, _, _ := strings.Cut(name, "/")
		names[lake] = true
	}
	return slices.Sorted(maps.Keys(names))
}
