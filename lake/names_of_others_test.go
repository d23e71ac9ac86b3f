package lake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/schema"
)

// tag has the current snapshot of a table named, as another program would.
func tag(t *testing.T, l *Lake, table, name string) {
	t.Helper()
	m := l.tables[table].iceberg.Metadata()
	m.Refs[name] = icebergtable.Reference{Snapshot: m.Current().ID, Type: "tag"}
}

// TestATagIsNoProblemAndKeepsNothingErased names a snapshot: the check takes it for
// nothing odd, and an erasure lets it go.
func TestATagIsNoProblemAndKeepsNothingErased(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l := openFew(t, dir)
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: []schema.Record{auditRecord(1, 0, noon, true), auditRecord(2, 0, noon, true)}})
	flush(t, l)
	tag(t, l, schema.UnifiedAuditLog, "audit-2026")
	for i := range uint64(3) {
		apply(t, l, Batch{Position: 2 + i, Ingested: noon, Records: []schema.Record{auditRecord(10+int(i), 0, noon, true)}})
		flush(t, l)
	}
	l.config.KeepSnapshots = 1
	expireNow(t, l, l.tables[schema.UnifiedAuditLog])
	if n := len(l.tables[schema.UnifiedAuditLog].iceberg.Metadata().Snapshots); n != 2 {
		t.Fatalf("%d snapshots", n)
	}
	l.Close()
	config := testConfig(dir)
	config.Tables = fewTables
	if _, problems, err := Check(t.Context(), config, CheckOptions{Last: 9}); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	l = openFew(t, dir)
	gone := []schema.Key{auditRecord(1, 0, noon, true).Key}
	if _, err := l.Erase(t.Context(), 1, gone); err != nil {
		t.Fatal(err)
	}
	if n := filesWith(t, l, gone); n != 0 {
		t.Errorf("%d files have erased rows", n)
	}
	l.Close()
	path := l.config.erasurePath(1)
	if err := os.WriteFile(path, []byte(`{"sequence":1,"keys":["xx"]}`), 0o640); err != nil {
		t.Fatal(err)
	}
	_, problems, err := Check(t.Context(), config, CheckOptions{Last: 9, Quick: true})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].What, path) {
		t.Errorf("with a damaged tombstone: %v, %v", problems, err)
	}
}

// TestAMovedTableKnowsItsRunOfRetention copies a lake while a run is under way: what was
// removed is no loss where it is opened.
func TestAMovedTableKnowsItsRunOfRetention(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	l := openFew(t, from)
	days(t, l, 3)
	terms := termsOf(t, noon.AddDate(1, 0, 1), nil, yearly())
	run := expire(t, l, terms)
	if len(run.Tables) == 0 {
		t.Fatal("nothing was removed")
	}
	l.Close()
	copyDir(t, from, to)
	moved := openFew(t, to)
	for _, table := range run.Tables {
		if got := lastRun(moved.tables[table.Table].iceberg); got != run.Run {
			t.Errorf("table %s knows of run %d", table.Table, got)
		}
	}
}
