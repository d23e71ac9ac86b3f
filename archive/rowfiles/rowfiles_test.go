package rowfiles

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

var (
	noon   = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	silent = slog.New(slog.DiscardHandler)
)

// settable is a clock that is set.
type settable struct {
	clock.Clock
	now time.Time
}

func (c *settable) Now() time.Time { return c.now }

// rig is a lake and an archive that take one record a position.
type rig struct {
	t       *testing.T
	dir     string
	clock   *settable
	lake    *lake.Lake
	archive *archive.Archive
	tables  []string
	follow  *Follower
	last    uint64
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, dir: t.TempDir(), clock: &settable{clock.System(), noon}, tables: []string{schema.UnifiedAuditLog, schema.OfficeActivity}}
	r.openLake("lake")
	r.openArchive()
	return r
}

func (r *rig) openLake(name string) {
	config := lake.DefaultConfig(filepath.Join(r.dir, name))
	config.Clock, config.CompactShare = r.clock, 1
	for _, name := range append(r.tables, schema.UnifiedAuditLogRevisions) {
		table, _ := schema.Lookup(name)
		config.Tables = append(config.Tables, table)
	}
	l, err := lake.Open(r.t.Context(), config, silent)
	r.must(err)
	r.t.Cleanup(func() { l.Close() })
	r.lake = l
}

func (r *rig) openArchive() {
	config := archive.DefaultConfig(filepath.Join(r.dir, "archive"), filepath.Join(r.dir, "keys", "archive.key"))
	config.Now = r.clock.Now
	a, err := archive.Open(config)
	r.must(err)
	r.t.Cleanup(func() { a.Close() })
	r.archive = a
	r.newFollower(DefaultConfig())
}

func (r *rig) newFollower(c Config) {
	r.follow = New(c, r.lake, r.archive, r.tables, r.clock, silent)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// come has records come, each in a payload of its own, and flushes them together.
func (r *rig) come(times ...time.Time) {
	r.t.Helper()
	for _, at := range times {
		r.last++
		r.apply(r.last, at)
		body := fmt.Sprintf(`[{"Id":"%d","CreationTime":%q}]`, r.last, at.Format(time.RFC3339Nano))
		r.must(r.archive.Add(r.t.Context(), r.last, model.Payload{Source: model.SourceActivity, Format: model.FormatAuditArray, Received: at, Body: []byte(body)}))
	}
	r.must(r.lake.Flush(r.t.Context()))
}

func (r *rig) apply(position uint64, at time.Time) {
	r.t.Helper()
	record := schema.Record{Key: schema.NewKey("tenant", "audit", fmt.Sprint(position))}
	for _, name := range r.tables {
		table, _ := schema.Lookup(name)
		when, _ := table.Column("TimeGenerated")
		who, _ := table.Column("UserId")
		record.Rows = append(record.Rows, schema.Row{Table: table, Cells: []schema.Cell{{Column: when, Value: schema.DateTime(at)}, {Column: who, Value: schema.String("ada@coast.example")}}})
	}
	_, err := r.lake.Apply(r.t.Context(), lake.Batch{Position: position, Ingested: r.clock.now, Records: []schema.Record{record}})
	r.must(err)
}

func (r *rig) look() {
	r.t.Helper()
	r.must(r.archive.Flush(r.t.Context()))
	r.must(r.follow.Look(r.t.Context()))
}

// verify requires that the archive is whole and says of each table what the lake has.
func (r *rig) verify() archive.Report {
	r.t.Helper()
	report, err := archive.Verify(r.t.Context(), filepath.Join(r.dir, "archive"), r.archive.VerifierKey(), nil)
	r.must(err)
	for _, p := range report.Problems {
		r.t.Error(p)
	}
	if len(report.Standing) != len(r.tables) {
		r.t.Fatalf("tables %+v", report.Standing)
	}
	for _, s := range report.Standing {
		set, err := r.lake.Acquire(s.Table)
		r.must(err)
		rows, digest := int64(0), model.RowSum{}
		for _, f := range set.Files {
			d, err := r.lake.Describe(r.t.Context(), set, f, false)
			r.must(err)
			rows += f.Rows
			digest.Add(d.Digest)
		}
		if s.Rows != rows || s.Digest != digest || s.Files != len(set.Files) {
			r.t.Errorf("%s: by the log %d rows in %d files, in the lake %d in %d; the same digest: %v", s.Table, s.Rows, s.Files, rows, len(set.Files), s.Digest == digest)
		}
		set.Release()
	}
	return report
}

func TestATableThroughItsLife(t *testing.T) {
	r := newRig(t)
	r.come(noon, noon.Add(time.Hour))
	r.must(r.follow.Look(t.Context()))
	if s := r.follow.Status(); s.Waiting != 2 || s.Files != 0 || s.Behind.IsZero() {
		t.Errorf("before the payloads are sealed: %+v", s)
	}
	r.look()
	if report := r.verify(); report.HashedFiles != 2 || report.DataFiles != 0 {
		t.Errorf("fresh: %d hashes, %d files", report.HashedFiles, report.DataFiles)
	}
	r.look() // nothing new: nothing is told
	before := r.verify()
	r.clock.now = noon.Add(30 * time.Minute)
	r.come(noon.Add(2 * time.Hour))
	r.look()
	if report := r.verify(); report.RowLeaves != before.RowLeaves+4 || report.HashedFiles != 4 {
		t.Errorf("another flush: %d leaves after %d, %d hashes", report.RowLeaves, before.RowLeaves, report.HashedFiles)
	}
	digests := r.verify().Standing
	// The day is over and merged: its file is kept, and has the same rows.
	r.clock.now = noon.Add(24 * time.Hour)
	_, err := r.lake.Compact(t.Context())
	r.must(err)
	r.look()
	report := r.verify()
	if report.DataFiles != 2 || report.Standing[0].Files != 1 || report.Standing[0].Kept != 1 || report.Standing[0].Digest != digests[0].Digest {
		t.Errorf("merged: %d files, %+v", report.DataFiles, report.Standing[0])
	}
	// What is in the archive is the file of the lake.
	set, err := r.lake.Acquire(schema.OfficeActivity)
	r.must(err)
	data, err := os.ReadFile(set.Files[0].Path)
	r.must(err)
	set.Release()
	found := false
	for _, object := range glob(t, filepath.Join(r.dir, "archive", "rows", "*", "*.tar")) {
		all, err := os.ReadFile(object)
		r.must(err)
		found = found || strings.Contains(string(all), string(data))
	}
	if !found {
		t.Error("no object has the bytes of the file")
	}
	if s := r.follow.Status(); s.Files != 2 || s.Kept != 2 || s.Waiting != 0 || s.Problem != "" || s.Looked != r.clock.now {
		t.Errorf("status %+v", s)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// What retention removes leaves the table by the digest that its tombstone has.
func TestRetentionAddsUp(t *testing.T) {
	r := newRig(t)
	later := noon.AddDate(1, 0, 2)
	r.come(noon, noon.Add(time.Hour))
	r.come(noon.AddDate(0, 0, 1))
	r.clock.now = later
	r.come(later)
	r.look()
	before := r.verify().Standing
	policy, err := retention.NewPolicy([]retention.Rule{{Name: "a year", Priority: 100, Keep: retention.Period{Years: 1}}})
	r.must(err)
	run, err := r.lake.Expire(t.Context(), lake.Terms{Policy: policy, Day: later})
	r.must(err)
	r.look()
	after := r.verify().Standing
	for i := range after {
		left := after[i].Digest
		for _, removed := range run.Tables {
			if removed.Table == after[i].Table {
				left.Add(removed.Digest)
				if removed.Rows == 0 || removed.Rows+after[i].Rows != before[i].Rows {
					t.Errorf("%s: %d rows went of %d, %d are left", removed.Table, removed.Rows, before[i].Rows, after[i].Rows)
				}
			}
		}
		if left != before[i].Digest {
			t.Errorf("%s: what is left and what went are not what was there", after[i].Table)
		}
	}
}

// A lake that was built anew has other files with the same rows, which the log tells
// once, whatever came in between; and a file that is never merged is kept after a day.
func TestRestartsAndALakeBuiltAnew(t *testing.T) {
	r := newRig(t)
	r.come(noon)
	r.look()
	before := r.verify()
	r.must(r.archive.Close())
	r.openArchive()
	r.look()
	if report := r.verify(); report.RowLeaves != before.RowLeaves {
		t.Errorf("told twice after a restart: %d leaves after %d", report.RowLeaves, before.RowLeaves)
	}
	r.must(r.lake.Close())
	r.openLake("anew")
	for position := uint64(1); position <= r.last; position++ {
		r.apply(position, noon)
	}
	r.must(r.lake.Flush(t.Context()))
	r.newFollower(DefaultConfig())
	r.look()
	report := r.verify()
	if report.Standing[0].Digest != before.Standing[0].Digest || report.Standing[0].Files != 1 {
		t.Errorf("built anew: %+v, before %+v", report.Standing[0], before.Standing[0])
	}
	r.clock.now = noon.Add(36 * time.Hour)
	r.look()
	if report := r.verify(); report.DataFiles != 2 || report.Standing[0].Kept != 1 {
		t.Errorf("known for a day: %+v", report.Standing[0])
	}
	// With hashes alone nothing is kept any more.
	r.come(noon)
	config := DefaultConfig()
	config.HashesOnly = true
	r.newFollower(config)
	r.clock.now = noon.Add(96 * time.Hour)
	_, err := r.lake.Compact(t.Context())
	r.must(err)
	r.look()
	if report := r.verify(); report.DataFiles != 2 || report.Standing[0].Kept != 0 {
		t.Errorf("hashes only: %d files, %+v", report.DataFiles, report.Standing[0])
	}
}

// Many files go into several objects, and a table is whole with the last.
func TestManyFiles(t *testing.T) {
	r := newRig(t)
	for i := range 4 {
		r.come(noon.AddDate(0, 0, -i))
	}
	config := DefaultConfig()
	config.MaxLeaves = 3
	r.newFollower(config)
	r.look()
	report := r.verify()
	if report.HashedFiles != 8 || report.RowObjects < 3 || report.Standing[1].Files != 4 {
		t.Errorf("%d hashes, %d objects", report.HashedFiles, report.RowObjects)
	}
	for i := range 4 { // each day is merged with what came late
		r.come(noon.AddDate(0, 0, -i))
	}
	r.clock.now = noon.Add(40 * time.Hour)
	_, err := r.lake.Compact(t.Context())
	r.must(err)
	r.look()
	if report := r.verify(); report.Standing[1].Files != 4 || report.Standing[1].Rows != 8 || report.Standing[1].Kept != 4 {
		t.Errorf("merged: %+v", report.Standing[1])
	}
}

// A file that is damaged in the lake is told, and does not stop the rest.
func TestADamagedFile(t *testing.T) {
	r := newRig(t)
	r.come(noon)
	name := glob(t, filepath.Join(r.dir, "lake", "quoll", schema.UnifiedAuditLog, "data", "*", "*.parquet"))[0]
	whole, err := os.ReadFile(name)
	r.must(err)
	r.must(os.WriteFile(name, append([]byte("PARX"), whole[4:]...), 0o600))
	r.must(r.archive.Flush(t.Context()))
	if err := r.follow.Look(context.WithoutCancel(t.Context())); !unreadable(err) || !strings.Contains(r.follow.Status().Problem, filepath.Base(name)) {
		t.Errorf("a damaged file: %v, %q", err, r.follow.Status().Problem)
	}
	if files, _, _, err := r.archive.Standing(schema.OfficeActivity); err != nil || len(files) != 1 {
		t.Errorf("the other table: %v, %v", files, err)
	}
	r.must(os.WriteFile(name, whole, 0o600))
	r.look()
	r.verify()
	if same, different, err := r.follow.Compare(t.Context()); err != nil || same != 2 || len(different) != 0 {
		t.Errorf("compared: %d, %v, %v", same, different, err)
	}
	// A file with the rows and the checksum of another lake is a Parquet file like any.
	r.openLake("other")
	r.apply(r.last, noon.Add(time.Second))
	r.must(r.lake.Flush(t.Context()))
	forged, err := os.ReadFile(glob(t, filepath.Join(r.dir, "other", "quoll", schema.UnifiedAuditLog, "data", "*", "*.parquet"))[0])
	r.must(err)
	r.must(os.WriteFile(name, forged, 0o600))
	if same, different, err := r.follow.Compare(t.Context()); err != nil || same != 1 || len(different) != 1 || !strings.Contains(different[0], filepath.Base(name)) {
		t.Errorf("forged: %d, %v, %v", same, different, err)
	}
	if s := r.follow.Status(); s.Problem != "" || s.Files != 2 {
		t.Errorf("mended: %+v", s)
	}
}
