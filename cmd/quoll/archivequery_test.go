package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive/rowfiles"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/schema"
)

// look brings the tables' files into the archive, as if all days had long ended.
func (e *erasing) look(hashesOnly bool) {
	e.t.Helper()
	config := rowfiles.DefaultConfig()
	config.HashesOnly, config.KnownFor, config.SettledAfter = hashesOnly, 0, -50*365*24*time.Hour
	f := rowfiles.New(config, e.node.lake, e.node.archive, []string{schema.UnifiedAuditLog}, clock.System(), slog.New(slog.DiscardHandler))
	for range 2 { // what was known before is kept
		if err := f.Look(e.t.Context()); err != nil {
			e.t.Fatal(err)
		}
	}
}

// inPlace asks the archive alone.
func inPlace(t *testing.T, dir, key, text string) (answer, notes string, err error) {
	t.Helper()
	var out, told bytes.Buffer
	o := queryOptions{format: "csv", archiveFlags: archiveFlags{data: filepath.Join(t.TempDir(), "none"), archive: dir, key: key}}
	err = runQuery(t.Context(), &out, &told, o, text)
	return strings.Join(strings.Fields(out.String()), " "), told.String(), err
}

// TestAnArchiveIsAskedInPlace has files that were merged, files that retention took
// rows of, and later ones with rows of both: each row is there once, also those that
// the tables have no more. The tables' clock is an hour ahead of the archive's, as it is
// after a clock was set right.
func TestAnArchiveIsAskedInPlace(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	e := newErasing(t)
	e.node.pipeline.Clock = clock.Skewed(clock.System(), time.Hour)
	e.deliver("one", auditBlob(1, "ada@contoso.com", "ben@contoso.com"))
	e.look(false)
	e.deliver("two", auditBlob(3, "cyd@contoso.com"))
	e.look(false)
	if _, err := e.node.lake.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.look(false)
	policy, err := retention.NewPolicy([]retention.Rule{
		{Name: "hers", Priority: 100, Users: []string{"ada@contoso.com"}, Keep: retention.Period{Days: 30}},
		{Name: "all", Priority: 200, Keep: retention.Period{Years: 7}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.node.lake.Expire(t.Context(), lake.Terms{Policy: policy, Day: time.Date(2026, 6, 10, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if users := strings.Join(e.users(), " "); strings.Contains(users, "ada") {
		t.Fatalf("the tables have %s", users)
	}
	e.look(false)
	e.deliver("three", auditBlob(4, "dee@contoso.com"))
	e.look(false)
	e.deliver("four", auditBlob(5, "eve@contoso.com"))
	e.look(true)
	if err := e.node.close(); err != nil {
		t.Fatal(err)
	}
	dir, key := filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "archive.pub")
	if err := errors.Join(os.CopyFS(dir, os.DirFS(e.data+"-archive")), os.Rename(filepath.Join(e.data, "keys", "archive.pub"), key), os.RemoveAll(e.data)); err != nil {
		t.Fatal(err)
	}

	for text, want := range map[string]string{
		"UnifiedAuditLog | order by TimeGenerated asc | project UserId": "UserId ada@contoso.com ben@contoso.com cyd@contoso.com dee@contoso.com",
		"UnifiedAuditLog | count": "Count 4",
		"UnifiedAuditLog | where Record has 'ada' | summarize n = count() by UserId":                            "UserId,n ada@contoso.com,1",
		"UnifiedAuditLog | where TimeGenerated > datetime(2026-05-01T08:03:30) | project UserId":                "UserId dee@contoso.com",
		"UnifiedAuditLog | where TimeGenerated > datetime(2026-05-02) | count":                                  "Count 0",
		"UnifiedAuditLog | join kind=inner (UnifiedAuditLog | where UserId startswith 'ben') on UserId | count": "Count 1",
		"UnifiedAuditLog | where ingestion_time() > ago(-30m) | count":                                          "Count 4",
		"OfficeActivity | count": "Count 0",
	} {
		answer, notes, err := inPlace(t, dir, key, text)
		if err != nil || answer != want {
			t.Errorf("%s\ngives %q, %v; want %q", text, answer, err, want)
		}
		if late := strings.Contains(notes, "UnifiedAuditLog the archive has no rows for 1 file of up to 1 row"); late != strings.HasPrefix(text, "Unified") {
			t.Errorf("%s\nnotes: %s", text, notes)
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "quoll-archive-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("files that were copied out are left: %v, %v", left, err)
	}

	objects, err := filepath.Glob(filepath.Join(dir, "rows", "*", "*.tar"))
	if err != nil || len(objects) == 0 {
		t.Fatalf("objects %v, %v", objects, err)
	}
	for _, object := range objects {
		data, err := os.ReadFile(object)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(object, bytes.ReplaceAll(data, []byte("ben@"), []byte("BEN@")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := inPlace(t, dir, key, "UnifiedAuditLog | count"); err == nil || !strings.Contains(err.Error(), "the data file is not what the log says") {
		t.Errorf("of an archive that was changed: %v", err)
	}
}
