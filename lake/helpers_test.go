package lake

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/iceberg-go"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/parquetrows"
	"github.com/quoll/quoll/schema"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func openLake(t testing.TB, dir string) *Lake {
	t.Helper()
	l, err := Open(context.Background(), testConfig(dir), quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func apply(t testing.TB, l *Lake, b Batch) Applied {
	t.Helper()
	a, err := l.Apply(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func flush(t testing.TB, l *Lake) {
	t.Helper()
	if err := l.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// noon is the time the tests start from.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func tableNamed(name string) *schema.Table {
	t, ok := schema.Lookup(name)
	if !ok {
		panic("no table " + name)
	}
	return t
}

// row builds a row from pairs of column name and value.
func row(name string, pairs ...any) schema.Row {
	t := tableNamed(name)
	r := schema.Row{Table: t}
	for i := 0; i < len(pairs); i += 2 {
		index, ok := t.Column(pairs[i].(string))
		if !ok {
			panic("no column " + pairs[i].(string))
		}
		r.Cells = append(r.Cells, schema.Cell{Column: index, Value: pairs[i+1].(schema.Value)})
	}
	return r
}

func digest(n uint64) (d schema.Digest) {
	binary.BigEndian.PutUint64(d[:], n)
	return d
}

// auditRecord is a record with that id and content, with a row in
// UnifiedAuditLog and, if office, in OfficeActivity.
func auditRecord(id, content int, at time.Time, office bool) schema.Record {
	r := schema.Record{Key: schema.NewKey("tenant", "audit", fmt.Sprint(id)), Digest: digest(uint64(content))}
	r.Rows = append(r.Rows, row(schema.UnifiedAuditLog,
		"TimeGenerated", schema.DateTime(at), "Id", schema.String(fmt.Sprint(id)),
		"RecordType", schema.Long(int64(id%50)), "Operation", schema.String([]string{"FileAccessed", "Send", ""}[id%3]),
		"Record", schema.Dynamic(fmt.Sprintf(`{"Id":"%d","content":%d}`, id, content)),
		"Type", schema.String(schema.UnifiedAuditLog)))
	if office {
		r.Rows = append(r.Rows, row(schema.OfficeActivity,
			"TimeGenerated", schema.DateTime(at), "UserId", schema.String(fmt.Sprintf("user%d@example.org", id%7)),
			"Operation", schema.String(fmt.Sprint("op", content))))
	}
	return r
}

// rowsOf returns every row of a table as text, sorted: all columns but the
// ingestion time.
func rowsOf(t testing.TB, l *Lake, name string) []string {
	t.Helper()
	return fileCache{}.rowsOf(t, l, name)
}

// fileCache remembers the rows of files by name: names are never used twice,
// and reading the many small files again and again is most of the work.
type fileCache map[string][]string

func (c fileCache) read(t testing.TB, path string) []string {
	t.Helper()
	name := filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))
	if _, ok := c[name]; !ok {
		c[name] = readParquet(t, path)
	}
	return c[name]
}

func (c fileCache) rowsOf(t testing.TB, l *Lake, name string) []string {
	t.Helper()
	set, err := l.Acquire(name)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Release()
	if err := set.Fetch(context.Background(), set.Files); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, f := range set.Files {
		inFile := c.read(t, f.Path)
		if int64(len(inFile)) != f.Rows {
			t.Errorf("%s has %d rows, the table says %d", f.Path, len(inFile), f.Rows)
		}
		rows = append(rows, inFile...)
	}
	for _, f := range set.Fresh {
		rows = append(rows, textOf(f.Batch)...)
	}
	sort.Strings(rows)
	return rows
}

func readParquet(t testing.TB, path string) []string {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []string
	err = parquetrows.Read(context.Background(), f, nil, 1000, func(b arrow.RecordBatch) error {
		rows = append(rows, textOf(b)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func textOf(b arrow.RecordBatch) []string {
	rows := make([]string, b.NumRows())
	for i := range rows {
		var text strings.Builder
		for c := range int(b.NumCols()) {
			name := b.ColumnName(c)
			if name == ColumnIngestionTime || b.Column(c).IsNull(i) {
				continue
			}
			value := b.Column(c).ValueStr(i)
			if s, ok := b.Column(c).(*array.String); ok && s.Value(i) == "" {
				continue
			}
			fmt.Fprintf(&text, "%s=%s ", name, value)
		}
		rows[i] = text.String()
	}
	return rows
}

// expireNow lets go of all snapshots but those that are kept, however young they
// are, and of what only they need.
func expireNow(t testing.TB, l *Lake, s *tableState) {
	t.Helper()
	l.flushMu.Lock()
	defer l.flushMu.Unlock()
	next := icebergtable.Change{Expire: icebergtable.Expiry{Keep: l.config.KeepSnapshots}}
	pending, err := s.iceberg.Prepare(&next, l.config.Clock.Now())
	if err == nil {
		err = l.finish(context.Background(), s, pending)
	}
	if err == nil {
		err = l.sweep(s)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// withoutColumn takes a column from the Iceberg table, as if the schema had
// gained it since.
func withoutColumn(t testing.TB, l *Lake, s *tableState, name string) {
	t.Helper()
	fields := slices.DeleteFunc(s.iceberg.Schema().Fields(), func(f iceberg.NestedField) bool { return f.Name == name })
	pending, err := s.iceberg.Prepare(&icebergtable.Change{Schema: iceberg.NewSchema(0, fields...)}, l.config.Clock.Now())
	if err == nil {
		err = l.finish(context.Background(), s, pending)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copyDir copies a folder as a crash at this moment would leave it.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o750)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o640)
	})
	if err == nil {
		err = copyObjects(from, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// randomJournal returns batches of records with duplicates and revisions, late
// and early, in several tables.
func randomJournal(r *rand.Rand, entries int) []Batch {
	batches := make([]Batch, entries)
	for i := range batches {
		b := Batch{Position: uint64(i + 1), Ingested: noon.Add(time.Duration(i) * time.Second)}
		for range r.IntN(4) * r.IntN(4) {
			b.Records = append(b.Records, randomRecord(r))
		}
		batches[i] = b
	}
	return batches
}

func randomRecord(r *rand.Rand) schema.Record {
	id := r.IntN(60)
	at := noon.Add(time.Duration(id-40) * time.Hour)
	switch r.IntN(4) {
	case 0: // several rows of one record in one table
		rec := schema.Record{Key: schema.NewKey("tenant", "evidence", fmt.Sprint(id)), Digest: digest(uint64(r.IntN(2)))}
		for n := range 1 + id%3 {
			rec.Rows = append(rec.Rows, row(schema.AlertEvidence, "TimeGenerated", schema.DateTime(at),
				"AlertId", schema.String(fmt.Sprint(id)), "Title", schema.String(fmt.Sprint(n))))
		}
		return rec
	case 1: // a row without a time
		rec := auditRecord(1000+id, 0, at, false)
		rec.Rows[0].Cells = rec.Rows[0].Cells[1:]
		return rec
	}
	return auditRecord(id, r.IntN(3), at, id%2 == 0)
}

// compacted applies a batch, and returns the audit log when it is in merged files.
func compacted(t testing.TB, l *Lake, b Batch) *ReadSet {
	t.Helper()
	apply(t, l, b)
	flush(t, l)
	compact(t, l)
	set, err := l.Acquire(schema.UnifiedAuditLog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Release)
	return set
}
