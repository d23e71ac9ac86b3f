package lake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/quoll/quoll/schema"
)

// oracle is the lake as one would write it without files, crashes or speed: a
// list of rows for each table and a search through all of it for every record.
type oracle struct {
	seen  map[string][]seen
	rows  map[string][]string
	files map[string]fileCache // by table, of the lake that is compared
}

type seen struct {
	key    schema.Key
	digest schema.Digest
}

func newOracle() *oracle {
	return &oracle{map[string][]seen{}, map[string][]string{}, map[string]fileCache{}}
}

func (o *oracle) knows(table string, match func(seen) bool) bool {
	return slices.ContainsFunc(o.seen[table], match)
}

func (o *oracle) apply(b Batch) {
	for _, rec := range b.Records {
		to := map[string]string{} // where the rows of a table go
		for _, r := range rec.Rows {
			name := r.Table.Name
			if _, ok := to[name]; !ok {
				to[name] = o.place(name, rec)
			}
			if to[name] != "" {
				o.rows[to[name]] = append(o.rows[to[name]], rowText(to[name], r, rec, b))
			}
		}
	}
}

// place returns the table that the rows go to, "" for none, and notes that it
// has them.
func (o *oracle) place(name string, rec schema.Record) string {
	if o.knows(name, func(s seen) bool { return s.key == rec.Key }) {
		if o.knows(name, func(s seen) bool { return s == seen{rec.Key, rec.Digest} }) || name != schema.UnifiedAuditLog {
			return ""
		}
		name = schema.UnifiedAuditLogRevisions
		if o.knows(name, func(s seen) bool { return s == seen{rec.Key, rec.Digest} }) {
			return ""
		}
	}
	o.seen[name] = append(o.seen[name], seen{rec.Key, rec.Digest})
	return name
}

func rowText(name string, r schema.Row, rec schema.Record, b Batch) string {
	var text strings.Builder
	for i, c := range r.Table.Columns {
		v := r.Value(i)
		switch {
		case c.Name == "Type" && !v.IsNull():
			fmt.Fprintf(&text, "Type=%s ", name)
		case c.Name == "TimeGenerated" && v.IsNull():
			fmt.Fprintf(&text, "TimeGenerated=<ingestion> ")
		case v.IsNull() || v.Text() == "" && v.Type() == schema.String("").Type():
		case c.Name == "TimeGenerated":
			fmt.Fprintf(&text, "TimeGenerated=%s ", v.Time().Format("2006-01-02T15:04:05.999999"))
		default:
			fmt.Fprintf(&text, "%s=%s ", c.Name, v)
		}
	}
	half := func(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }
	fmt.Fprintf(&text, "%s=%d %s=%d %s=%d %s=%d ", ColumnKeyHigh, half(rec.Key[:8]), ColumnKeyLow, half(rec.Key[8:]),
		ColumnDigest, half(rec.Digest[:]), ColumnPosition, b.Position)
	return text.String()
}

// compare fails the test unless the lake shows exactly the oracle's rows.
func (o *oracle) compare(t *testing.T, l *Lake, when string) {
	t.Helper()
	for _, s := range schema.Tables() {
		if o.files[s.Name] == nil {
			o.files[s.Name] = fileCache{}
		}
		got := o.files[s.Name].rowsOf(t, l, s.Name)
		want := slices.Clone(o.rows[s.Name])
		for i, w := range got {
			// The time of a row without one is the time of ingestion, which is
			// another after a replay.
			if strings.Contains(w, "Id=1") && strings.HasPrefix(w, "TimeGenerated=") && slices.Contains(want, withoutTime(w)) {
				got[i] = withoutTime(w)
			}
		}
		sort.Strings(got)
		sort.Strings(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s: table %s has %d rows, want %d\n got %s\nwant %s", when, s.Name, len(got), len(want),
				strings.Join(difference(got, want), "\n     "), strings.Join(difference(want, got), "\n     "))
		}
	}
}

func withoutTime(row string) string {
	_, rest, _ := strings.Cut(row, " Id=")
	return "TimeGenerated=<ingestion> Id=" + rest
}

func difference(a, b []string) []string {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	var only []string
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			only = append(only, s)
		}
	}
	return only
}

var errCrash = errors.New("the power is cut")

// FuzzCrashes applies a random journal, flushes now and then, and crashes at
// every step of a flush or a compaction in two ways: the process dies and opens the same folder
// again, and a copy of the folder is opened elsewhere. The input is the seed.
func FuzzCrashes(f *testing.F) {
	for seed := range uint64(crashSeeds) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		t.Parallel()
		crashes(t, rand.New(rand.NewPCG(seed, 1)))
	})
}

type crashRun struct {
	t       *testing.T
	r       *rand.Rand
	dir     string
	journal []Batch
	oracle  *oracle
	l       *Lake
	applied int // entries of the journal
	copies  []string
}

func crashes(t *testing.T, r *rand.Rand) {
	run := &crashRun{t: t, r: r, dir: filepath.Join(t.TempDir(), "lake"), journal: randomJournal(r, 30), oracle: newOracle()}
	run.open()
	for i, b := range run.journal {
		apply(t, run.l, b)
		run.oracle.apply(b)
		run.applied = i + 1
		if r.IntN(6) == 0 {
			run.oracle.compare(t, run.l, fmt.Sprint("after entry ", b.Position))
		}
		if r.IntN(3) == 0 {
			run.flush()
		}
	}
	run.oracle.compare(t, run.l, "at the end")
	for _, dir := range run.copies {
		run.check(dir)
	}
	if err := run.l.Close(); err != nil {
		t.Fatal(err)
	}
	run.check(run.dir)
}

func (run *crashRun) open() {
	config := testConfig(run.dir)
	config.KeyRunRecords = 1 + run.r.IntN(20)
	config.KeyFilterBytes = int64(run.r.IntN(100))
	run.l = openCompact(run.t, config)
	run.replay(run.l)
	run.l.config.CompactShare = 1
	run.l.atStep = func(step string) error {
		switch run.r.IntN(8) {
		case 0:
			return fmt.Errorf("%w at %q", errCrash, step)
		case 1:
			if len(run.copies) < 2 {
				dir := fmt.Sprintf("%s-copy%d", run.dir, len(run.copies))
				copyDir(run.t, run.dir, dir)
				run.copies = append(run.copies, dir)
			}
		}
		return nil
	}
}

func (run *crashRun) replay(l *Lake) {
	for _, b := range run.journal[:run.applied] {
		if b.Position > l.Position() {
			apply(run.t, l, b)
		}
	}
}

// flush flushes and sometimes compacts; if that crashes, the lake is left as it is, without Close,
// and opened anew.
func (run *crashRun) flush() {
	err := run.l.Flush(run.t.Context())
	if err == nil && run.r.IntN(2) == 0 {
		err = run.l.Maintain(run.t.Context())
	}
	if err == nil {
		return
	}
	if !errors.Is(err, errCrash) {
		run.t.Fatal(err)
	}
	run.oracle.compare(run.t, run.l, "after a flush that failed")
	run.l.release()
	run.open()
	run.oracle.compare(run.t, run.l, "after a crash")
}

// check opens a folder, replays the journal and flushes.
func (run *crashRun) check(dir string) {
	l := openLake(run.t, dir)
	run.replay(l)
	run.oracle.compare(run.t, l, "in the copy "+filepath.Base(dir))
	flush(run.t, l)
	run.oracle.compare(run.t, l, "flushed in the copy "+filepath.Base(dir))
	if got, want := l.Position(), uint64(run.applied); got != want {
		run.t.Errorf("position is %d after a flush, want %d", got, want)
	}
	checkDisk(run.t, l)
	if err := l.Close(); err != nil {
		run.t.Fatal(err)
	}
	again := openLake(run.t, dir)
	run.oracle.compare(run.t, again, "reopened "+filepath.Base(dir))
	if again.Position() != uint64(run.applied) {
		run.t.Errorf("position is %d after reopening, want %d", again.Position(), run.applied)
	}
	again.Close()
}
