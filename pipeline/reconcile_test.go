package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// journalled gives the journal's payloads for the archive's, as far as change
// lets them be.
type journalled struct {
	journal Journal
	change  func(position uint64, p *model.Payload) error
}

func (j journalled) Payloads(ctx context.Context, to uint64, use func(uint64, model.Payload) error) error {
	return j.journal.Read(ctx, 0, func(e journal.Entry) error {
		if uint64(e.Position) > to {
			return nil
		}
		p := e.Payload
		if j.change != nil {
			p.Body = append([]byte(nil), p.Body...)
			if err := j.change(uint64(e.Position), &p); err != nil {
				return err
			}
		}
		return use(uint64(e.Position), p)
	})
}

func (r *river) reconcile(t testing.TB, change func(uint64, *model.Payload) error) *Reconciliation {
	t.Helper()
	got, err := Reconcile(t.Context(), journalled{r.journal, change}, r.lake, r.Normaliser, r.lake.Applied(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// revised is a record that came before, with another content.
func revised(i int) model.Payload {
	p := auditLines(i, 1)
	p.Body = []byte(strings.Replace(string(p.Body), "FileAccessed", "FileModified", 1))
	return p
}

func TestTablesAgreeWithTheArchive(t *testing.T) {
	r := openRiver(t, t.TempDir(), nil)
	for i := range 3 {
		r.add(t, auditLines(i*50, 60)) // ten of each repeat
	}
	r.add(t, revised(3))
	r.add(t, revised(3))
	noTime := auditLines(900, 1)
	noTime.Body = []byte(strings.Replace(string(noTime.Body), `"CreationTime":"2026-03-14T12:00:00",`, "", 1))
	r.add(t, noTime)
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	r.add(t, auditLines(400, 5)) // in memory
	if err := r.Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.add(t, auditLines(500, 5)) // not in the tables yet
	got := r.reconcile(t, nil)
	if !got.Equal() || got.Position != 7 || len(got.Tables) != 3 {
		t.Fatalf("%+v", got)
	}
	for _, table := range got.Tables {
		want := map[string]int64{schema.UnifiedAuditLog: 166, schema.OfficeActivity: 166, schema.UnifiedAuditLogRevisions: 1}[table.Table]
		if table.Lake != table.Archive || table.Lake.Rows != want || table.Differing != 0 {
			t.Errorf("%+v, want %d rows", table, want)
		}
	}
	for i := range got.Hours {
		if h := &got.Hours[i]; !h.Equal() || h.Hour.IsZero() {
			t.Errorf("%+v", h)
		}
	}
}

// differences are told apart, and each is found in its hour.
func TestWhatDiffersIsFoundAndNamed(t *testing.T) {
	r := openRiver(t, t.TempDir(), nil)
	r.add(t, auditLines(0, 10))
	r.add(t, auditLines(10, 10))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) func(uint64, *model.Payload) error {
		return func(position uint64, p *model.Payload) error {
			if position == 2 {
				p.Body = []byte(strings.Replace(string(p.Body), old, new, 1))
			}
			return nil
		}
	}
	for _, c := range []struct {
		name                      string
		change                    func(uint64, *model.Payload) error
		missing, foreign, changed int64
		what                      string
	}{
		{"another value", replace("ada@", "eve@"), 0, 0, 2, RowChanged},
		{"another hour", replace("2026-03-14T12", "2026-03-14T13"), 0, 0, 2, RowChanged},
		{"another record", replace("-000000000010", "-000000000999"), 2, 2, 0, RowMissing},
	} {
		got := r.reconcile(t, c.change)
		if got.Equal() || got.Missing != c.missing || got.Foreign != c.foreign || got.Changed != c.changed {
			t.Errorf("%s: %+v", c.name, got)
		}
		differing := 0
		for _, table := range got.Tables {
			differing += table.Differing
		}
		if differing == 0 || len(got.Named) == 0 {
			t.Errorf("%s: no hour differs: %+v", c.name, got)
		}
	}
}

// A file that was broken on purpose is named, and its hours differ.
func TestABrokenFileDiffers(t *testing.T) {
	dir := t.TempDir()
	r := openRiver(t, dir, nil)
	r.add(t, auditLines(0, 50))
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	var files []string
	err := filepath.WalkDir(filepath.Join(dir, "lake", "quoll", schema.UnifiedAuditLog, "data"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/3] ^= 1
	if err := os.WriteFile(files[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	got := r.reconcile(t, nil)
	whole, broken := got.Tables[0], got.Tables[1]
	if got.Equal() || len(got.Problems) != 1 || !strings.Contains(got.Problems[0], files[0]) || got.Missing != 50 || whole.Differing != 0 || broken.Differing != 1 {
		t.Errorf("%+v", got)
	}
	// So is an archive that cannot be read further.
	got = r.reconcile(t, func(uint64, *model.Payload) error { return errors.New("the object is damaged") })
	if got.Equal() || got.Position != 0 || !strings.Contains(got.Problems[0], "the object is damaged; what follows journal position 0") {
		t.Errorf("%+v", got)
	}
}

func TestSumsOfRowsHaveNoOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]lake.Content, 100)
	for i := range rows {
		rows[i].Time = random.Int64()
	}
	var forward, shuffled model.RowSum
	for _, row := range rows {
		addRow(&forward, row)
	}
	for _, i := range random.Perm(len(rows)) {
		addRow(&shuffled, rows[i])
	}
	text, err := forward.MarshalText()
	var again model.RowSum
	if err != nil || again.UnmarshalText(text) != nil || again != forward || shuffled != forward {
		t.Errorf("%s: %v", text, err)
	}
	addRow(&shuffled, rows[0])
	if shuffled == forward || again.UnmarshalText(text[1:]) == nil {
		t.Error("a row more changes nothing")
	}
}
