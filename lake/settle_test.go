package lake

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/objectstore/storetest"
)

// TestTombstonesAreSettledFromWhereTheLakeIs settles for a lake on the disk that is to be
// built anew in a store, and for one of which nothing can be known.
func TestTombstonesAreSettledFromWhereTheLakeIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l := openFew(t, dir)
	days(t, l, 3)
	run := expire(t, l, termsOf(t, noon.AddDate(1, 0, 1), nil, yearly()))
	if len(run.Tables) != 2 {
		t.Fatalf("%+v", run)
	}
	l.Close()
	breakOff := func() {
		t.Helper()
		run.Ended, run.Done = time.Time{}, map[string]bool{}
		if err := run.write(&l.config); err != nil {
			t.Fatal(err)
		}
	}
	settled := func(config Config) *Tombstone {
		t.Helper()
		breakOff()
		if err := SettleTombstones(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		all, err := readTombstones(&config)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		return all[0]
	}
	stored := storedConfig(dir, storetest.NewMemory())
	stored.Tables = fewTables
	for name, config := range map[string]Config{"the same": l.config, "to be brought to a store": stored} {
		if got := settled(config); got.open() || len(got.Tables) != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	gone := l.config
	gone.Dir, gone.Tombstones = filepath.Join(t.TempDir(), "lake"), l.config.tombstoneDir()
	if got := settled(gone); !got.open() {
		t.Errorf("a lake that is not there: %+v", got)
	}
}
