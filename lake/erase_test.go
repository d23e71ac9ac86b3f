package lake

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/schema"
)

// The rows of some records go from files and from memory, do not come back by any
// way, and leave no file that has them.
func TestErasedRecordsGoAndStayAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l := openFew(t, dir)
	var records []schema.Record
	for i := range 6 {
		records = append(records, auditRecord(i, 0, noon, true))
	}
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: records[:4]}) // one file, in part erased
	flush(t, l)
	apply(t, l, Batch{Position: 2, Ingested: noon, Records: records[4:5]}) // a file that goes as a whole
	flush(t, l)
	apply(t, l, Batch{Position: 3, Ingested: noon, Records: records[5:]}) // in memory
	before := dataFilesOf(t, l)
	gone := []schema.Key{records[1].Key, records[4].Key, records[5].Key}
	if n := filesWith(t, l, gone); n != 4 { // two in each table
		t.Errorf("%d files have their rows", n)
	}
	done, err := l.Erase(t.Context(), 1, gone)
	if err != nil || done.Ended.IsZero() || len(done.Tables) != 2 || done.Tables[0].Rows != 3 || done.Tables[0].Dropped != 2 || done.Tables[0].Rewritten != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	rowsAre(t, l, 3, "after it")
	if after := dataFilesOf(t, l); after != before-2 {
		t.Errorf("%d files on the disk, %d before", after, before)
	}
	if n := filesWith(t, l, gone); n != 0 {
		t.Errorf("%d files have their rows still", n)
	}
	checkDisk(t, l)
	requireAway := func(l *Lake, position uint64) {
		t.Helper()
		revised := auditRecord(1, 7, noon, true)
		a := apply(t, l, Batch{Position: position, Ingested: noon, Records: append([]schema.Record{revised}, records...)})
		if a.Expired != 4 || a.Duplicates != 3 || a.Added+a.Revisions != 0 {
			t.Errorf("delivered again: %+v", a)
		}
		flush(t, l)
		rowsAre(t, l, 3, "delivered again")
	}
	requireAway(l, 4)
	if err := l.rebuildKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	requireAway(l, 5)
	l.Close()
	l = openFew(t, dir)
	requireAway(l, 6)
	if all := l.Erasures(); len(all) != 1 || !slices.Contains(all[0].Keys, hex.EncodeToString(gone[0][:])) || all[0].Tables[0].Rows != 3 {
		t.Errorf("%+v", all)
	}
	floors, err := ReadFloors(l.config, func(string) uint64 { return 0 })
	if err != nil || !floors.Erased(gone[2]) || floors.Erased(records[0].Key) {
		t.Errorf("what a check knows: %v", err)
	}
	// A tombstone that is damaged is not passed over.
	l.Close()
	path := l.config.erasurePath(1)
	if err := os.WriteFile(path, []byte(`{"sequence":1,"keys":["xx"]}`), 0o640); err != nil {
		t.Fatal(err)
	}
	config := testConfig(dir)
	config.Tables = fewTables
	if _, err := Open(t.Context(), config, quiet); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opened: %v", err)
	}
}

// filesWith counts the data files that have rows of some records.
func filesWith(t *testing.T, l *Lake, keys []schema.Key) (n int) {
	t.Helper()
	set := map[schema.Key]struct{}{}
	for _, key := range keys {
		set[key] = struct{}{}
	}
	files, err := filepath.Glob(filepath.Join(l.config.Dir, namespace, "*", "data", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		has, err := HasKeys(data, set)
		if err != nil {
			t.Fatal(err)
		}
		if has {
			n++
		}
	}
	return n
}

// TestErasureSurvivesEveryFault breaks it off at each operation of the disk: what is
// there is whole, and the same call ends what was begun.
func TestErasureSurvivesEveryFault(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var records []schema.Record
	for i := range 4 {
		records = append(records, auditRecord(i, 0, noon, false))
	}
	gone := []schema.Key{records[1].Key, records[3].Key}
	step := 1
	if testing.Short() {
		step = 9
	}
	for n := 1; ; n += step {
		m := newInMemory(t)
		m.tables = fewTables[:2] // an opening for each operation, and each table costs
		l, err := m.open(t)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, l, Batch{Position: 1, Ingested: noon, Records: records[:3]})
		flush(t, l)
		apply(t, l, Batch{Position: 2, Ingested: noon, Records: records[3:]})
		flush(t, l)
		m.disk.SetInject(durabletest.At(m.disk.Ops()+n, durabletest.Crash))
		_, err = l.Erase(context.Background(), 1, gone)
		m.disk.SetInject(nil)
		l.Close()
		if err == nil {
			break
		}
		m.disk = m.disk.AfterCrash(durabletest.Keep(r.IntN(3)), r)
		if l, err = m.open(t); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		if _, err := l.Erase(context.Background(), 1, gone); err != nil {
			t.Fatalf("operation %d: again: %v", n, err)
		}
		if rows := memoryRows(t, l); len(rows) != 2 {
			t.Fatalf("operation %d: %d rows", n, len(rows))
		}
		noOrphans(t, l, m.disk)
		l.Close()
	}
}

// TestAnErasureOfMillions has more keys than a tombstone of retention has bytes for: what
// was written can be read again.
func TestAnErasureOfMillions(t *testing.T) {
	config := testConfig(filepath.Join(t.TempDir(), "lake"))
	keys := make([]schema.Key, 2<<20)
	for i := range keys {
		binary.BigEndian.PutUint64(keys[i][:], uint64(i))
	}
	if err := KeepOut(config, 1, noon, keys); err != nil {
		t.Fatal(err)
	}
	floors, err := ReadFloors(config, func(string) uint64 { return 0 })
	if err != nil || !floors.Erased(keys[len(keys)-1]) {
		t.Errorf("read again: %v", err)
	}
}
