//go:build readback

package readback

import (
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	_ "github.com/mattn/go-sqlite3" // the driver named "sqlite3"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/schema"
)

var (
	quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
	noon  = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
)

// moving is a clock that goes where the test wants it.
type moving struct {
	clock.Clock
	now time.Time
}

func (m *moving) Now() time.Time { return m.now }

func open(t *testing.T, config lake.Config) *lake.Lake {
	t.Helper()
	l, err := lake.Open(t.Context(), config, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// record is an audit record with a row in UnifiedAuditLog.
func record(t *testing.T, n int, at time.Time, pairs ...string) schema.Record {
	t.Helper()
	audit, ok := schema.Lookup(schema.UnifiedAuditLog)
	if !ok {
		t.Fatal("no table UnifiedAuditLog")
	}
	row := schema.Row{Table: audit}
	add := func(name string, v schema.Value) {
		column, ok := audit.Column(name)
		if !ok {
			t.Fatalf("no column %s", name)
		}
		row.Cells = append(row.Cells, schema.Cell{Column: column, Value: v})
	}
	add("TimeGenerated", schema.DateTime(at))
	add("Id", schema.String(strconv.Itoa(n)))
	for i := 0; i < len(pairs); i += 2 {
		add(pairs[i], schema.String(pairs[i+1]))
	}
	return schema.Record{Key: schema.NewKey("tenant", "audit", strconv.Itoa(n)), Rows: []schema.Row{row}}
}

// put applies one record and flushes it.
func put(t *testing.T, l *lake.Lake, position int, r ...schema.Record) {
	t.Helper()
	if _, err := l.Apply(t.Context(), lake.Batch{Position: uint64(position), Ingested: noon, Records: r}); err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// theirs opens a folder's catalogue with iceberg-go.
func theirs(t *testing.T, dir string) catalog.Catalog {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	cat, err := sqlcatalog.NewCatalog("quoll", db, sqlcatalog.SQLite, iceberg.Properties{})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func auditTable(t *testing.T, cat catalog.Catalog) *table.Table {
	t.Helper()
	tbl, err := cat.LoadTable(t.Context(), catalog.ToIdentifier("quoll", schema.UnifiedAuditLog))
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

func planned(t *testing.T, tbl *table.Table, options ...table.ScanOption) int {
	t.Helper()
	tasks, err := tbl.Scan(options...).PlanFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// TestIcebergReadsBack looks at names, types, counts, and what may be left out
// by day and by the bounds of texts, the longest of which are cut.
func TestIcebergReadsBack(t *testing.T) {
	config := lake.DefaultConfig(t.TempDir())
	l := open(t, config)
	for i := range 5 {
		day := noon.AddDate(0, 0, i)
		user := fmt.Sprintf("user-%d-%s@example.com", i, strings.Repeat("ü", 20))
		put(t, l, i+1, record(t, 2*i, day, "UserId", user), record(t, 2*i+1, day.Add(time.Hour), "UserId", user))
	}
	l.Close()
	cat := theirs(t, config.Dir)
	var names []string
	for ident, err := range cat.ListTables(t.Context(), catalog.ToIdentifier("quoll")) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, ident[1])
	}
	if len(names) != len(schema.Tables()) {
		t.Errorf("the catalogue lists %v", names)
	}
	tbl := auditTable(t, cat)
	all, err := tbl.Scan().ToArrowTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	audit, _ := schema.Lookup(schema.UnifiedAuditLog)
	if all.NumRows() != 10 || int(all.NumCols()) != len(audit.Columns)+5 {
		t.Errorf("scan gave %d rows of %d columns", all.NumRows(), all.NumCols())
	}
	if p := tbl.CurrentSnapshot().Summary.Properties[lake.PropertyPosition]; p != "5" {
		t.Errorf("position in the snapshot is %q", p)
	}
	for name, c := range map[string]struct {
		filter iceberg.BooleanExpression
		want   int
	}{
		"everything":   {iceberg.AlwaysTrue{}, 5},
		"the last day": {iceberg.GreaterThanEqual(iceberg.Reference("TimeGenerated"), iceberg.Timestamp(noon.AddDate(0, 0, 4).UnixMicro())), 1},
		"one user":     {iceberg.EqualTo(iceberg.Reference("UserId"), fmt.Sprintf("user-3-%s@example.com", strings.Repeat("ü", 20))), 1},
		"nobody":       {iceberg.EqualTo(iceberg.Reference("UserId"), "nobody"), 0},
		"one position": {iceberg.EqualTo(iceberg.Reference(lake.ColumnPosition), int64(2)), 1},
		"no time":      {iceberg.IsNull(iceberg.Reference("TimeGenerated")), 0},
	} {
		if n := planned(t, tbl, table.WithRowFilter(c.filter)); n != c.want {
			t.Errorf("%s: %d files, want %d", name, n, c.want)
		}
	}
}

// TestEverySnapshotStaysReadable flushes, merges rows and manifests, lets go of
// old snapshots and sets the clock back, and reads all of it with a library that
// refuses what breaks the format's rules.
func TestEverySnapshotStaysReadable(t *testing.T) {
	config := lake.DefaultConfig(t.TempDir())
	now := &moving{Clock: clock.System(), now: noon.AddDate(0, 0, 7)}
	config.Clock, config.KeepSnapshots, config.CompactShare = now, 4, 1
	l := open(t, config)
	cat := theirs(t, config.Dir)
	want := map[int64]int64{} // rows by snapshot
	look := func() {
		tbl := auditTable(t, cat)
		want[tbl.CurrentSnapshot().SnapshotID], _ = strconv.ParseInt(tbl.CurrentSnapshot().Summary.Properties["total-records"], 10, 64)
	}
	const flushes = 45
	expired := false
	for i := range flushes {
		switch i {
		case 20:
			now.now = now.now.Add(-48 * time.Hour)
		case 30:
			now.now = now.now.Add(96 * time.Hour)
		}
		now.now = now.now.Add(10 * time.Minute)
		before := len(auditTable(t, cat).Metadata().Snapshots())
		put(t, l, i+1, record(t, i, noon.AddDate(0, 0, i%3).Add(time.Duration(i)*time.Minute)))
		look()
		expired = expired || len(auditTable(t, cat).Metadata().Snapshots()) <= before
		if i%13 == 12 {
			if _, err := l.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			look()
		}
	}
	l.Close()
	tbl := auditTable(t, cat)
	snapshots := tbl.Metadata().Snapshots()
	if !expired || len(snapshots) > 30 {
		t.Errorf("%d snapshots are left, and some went: %v", len(snapshots), expired)
	}
	for _, s := range snapshots {
		rows, err := tbl.Scan(table.WithSnapshotID(s.SnapshotID), table.WithSelectedFields("Id")).ToArrowTable(t.Context())
		if err != nil {
			t.Errorf("snapshot %d: %v", s.SnapshotID, err)
			continue
		}
		if rows.NumRows() != want[s.SnapshotID] {
			t.Errorf("snapshot %d has %d rows, its summary says %d", s.SnapshotID, rows.NumRows(), want[s.SnapshotID])
		}
	}
	current := tbl.CurrentSnapshot()
	count := planned(t, tbl)
	if total := current.Summary.Properties["total-data-files"]; total != strconv.Itoa(count) || want[current.SnapshotID] != flushes {
		t.Errorf("the summary says %s files and %d rows, there are %d and %d", total, want[current.SnapshotID], count, flushes)
	}
	files, err := tbl.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := current.Manifests(files)
	if err != nil || len(manifests) > 17 {
		t.Errorf("%d manifests, %v", len(manifests), err)
	}
}

// TestOthersMayWriteToo lets iceberg-go drop a column, set a property and tag a
// snapshot, as another program might while Quoll does not run. Quoll goes on from
// there and keeps what it does not know.
func TestOthersMayWriteToo(t *testing.T) {
	config := lake.DefaultConfig(t.TempDir())
	l := open(t, config)
	put(t, l, 1, record(t, 1, noon, "ClientIP", "192.0.2.1"))
	l.Close()
	cat := theirs(t, config.Dir)
	tbl := auditTable(t, cat)
	transaction := tbl.NewTransaction()
	if err := transaction.UpdateSchema(true, true).DeleteColumn([]string{"ClientIP"}).Commit(); err != nil {
		t.Fatal(err)
	}
	if err := transaction.SetProperties(iceberg.Properties{"owner": "somebody"}); err != nil {
		t.Fatal(err)
	}
	tagged := tbl.CurrentSnapshot().SnapshotID
	if _, err := transaction.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	tag := table.NewSetSnapshotRefUpdate("audit-2026", tagged, table.TagRef, -1, -1, -1)
	if _, _, err := cat.CommitTable(t.Context(), tbl.Identifier(), nil, []table.Update{tag}); err != nil {
		t.Fatal(err)
	}
	config.KeepSnapshots, config.Clock = 1, clock.Skewed(clock.System(), 2*time.Hour)
	l = open(t, config)
	for i := 2; i < 6; i++ {
		put(t, l, i, record(t, i, noon, "ClientIP", "192.0.2."+strconv.Itoa(i)))
	}
	l.Close()
	tbl = auditTable(t, cat)
	if tbl.Properties()["owner"] != "somebody" {
		t.Errorf("properties: %v", tbl.Properties())
	}
	if s := tbl.Metadata().SnapshotByName("audit-2026"); s == nil || s.SnapshotID != tagged {
		t.Errorf("the tag is %v", s)
	}
	rows, err := tbl.Scan(table.WithSelectedFields("Id", "ClientIP")).ToArrowTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, chunk := range rows.Column(1).Data().Chunks() {
		for i := range chunk.Len() {
			addresses = append(addresses, chunk.ValueStr(i))
		}
	}
	slices.Sort(addresses)
	// The column is a new one: what the one that was dropped had stays dropped.
	if want := []string{"(null)", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}; !slices.Equal(addresses, want) {
		t.Errorf("addresses are %v", addresses)
	}
}
