package lake

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/schema"
)

// TestReplaceSurvivesACrash looks at the folders as a crash after each step of
// a replacement leaves them.
func TestReplaceSurvivesACrash(t *testing.T) {
	build := func(t *testing.T, dir string, records int) {
		l := openLake(t, dir)
		for i := range records {
			apply(t, l, Batch{Position: uint64(i + 1), Ingested: noon, Records: []schema.Record{auditRecord(i, 0, noon, false)}})
		}
		flush(t, l)
		l.Close()
	}
	rename := func(t *testing.T, from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	steps := map[string]func(t *testing.T, dir string){
		"complete":             func(t *testing.T, dir string) { rename(t, dir+".build", dir+nextSuffix) },
		"old one out of place": func(t *testing.T, dir string) { rename(t, dir+".build", dir+nextSuffix); rename(t, dir, dir+oldSuffix) },
		"new one in place":     func(t *testing.T, dir string) { rename(t, dir, dir+oldSuffix); rename(t, dir+".build", dir) },
	}
	for name, crash := range steps {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "lake")
			build(t, dir, 1)
			build(t, dir+".build", 2)
			crash(t, dir)
			l := openLake(t, dir)
			if n := len(rowsOf(t, l, schema.UnifiedAuditLog)); n != 2 || l.Position() != 2 {
				t.Errorf("%d rows at position %d, want those of the new lake", n, l.Position())
			}
			checkDisk(t, l)
			for _, suffix := range []string{nextSuffix, oldSuffix} {
				if _, err := os.Stat(dir + suffix); !os.IsNotExist(err) {
					t.Errorf("%s is still there: %v", dir+suffix, err)
				}
			}
		})
	}
}
