package lake

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/schema"
)

// TestALakeThatWasMoved opens a copy of a lake, whose files and metadata lie
// elsewhere than they say, while the original is open and then gone.
func TestALakeThatWasMoved(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "a b"), filepath.Join(t.TempDir(), "ä=%")
	l := openCompact(t, compactConfig(from))
	fill(t, l, 1, 4)
	compact(t, l)
	fill(t, l, 5, 1)
	want := allRows(t, l)
	copyDir(t, from, to)
	sum := sizes(t, from)
	moved := openCompact(t, compactConfig(to))
	sameRows(t, moved, want, "moved")
	if p := moved.Position(); p != 5 {
		t.Errorf("position %d", p)
	}
	if again := sizes(t, from); len(again) != len(sum) {
		t.Errorf("%d files at the old place, which had %d", len(again), len(sum))
	}
	l.Close()
	if err := os.RemoveAll(from); err != nil {
		t.Fatal(err)
	}
	fill(t, moved, 6, 1)
	want = allRows(t, moved)
	compact(t, moved)
	sameRows(t, moved, want, "moved and compacted")
	expireNow(t, moved, moved.tables[schema.UnifiedAuditLog])
	checkDisk(t, moved)
	moved.Close()
	moved = openCompact(t, compactConfig(to))
	sameRows(t, moved, want, "reopened")
	checkDisk(t, moved)
}

// sizes returns the files of a folder with their sizes.
func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			all[path] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
