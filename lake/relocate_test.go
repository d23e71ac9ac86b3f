package lake

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/internal/icebergtable"
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

// TestAMovedTableWithoutFilesKeepsItsPosition drops the only file of a table: the
// rows are gone for good, and a replay of the journal must not bring them back,
// wherever the lake lies.
func TestAMovedTableWithoutFilesKeepsItsPosition(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "moved")
	l := openCompact(t, compactConfig(from))
	apply(t, l, batchOf(1))
	flush(t, l)
	s := l.tables[schema.UnifiedAuditLog]
	gone := s.files.files
	l.flushMu.Lock()
	err := l.commit(t.Context(), s, change{removed: gone, drops: true}, 1)
	l.exchange(s, gone, nil)
	l.flushMu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.iceberg.Current().Summary; got["operation"] != icebergtable.Delete || got["deleted-records"] != "1" || got["total-records"] != "0" || got["total-files-size"] != "0" {
		t.Errorf("the snapshot says %v", got)
	}
	l.Close()
	copyDir(t, from, to)
	moved := openCompact(t, compactConfig(to))
	if s := moved.tables[schema.UnifiedAuditLog]; s.committed != 1 || len(s.files.files) != 0 {
		t.Errorf("moved: position %d, %d files", s.committed, len(s.files.files))
	}
	again := apply(t, moved, batchOf(1))
	flush(t, moved)
	rowsAre(t, moved, 0, "replayed")
	if again.Replayed != 1 {
		t.Errorf("replayed: %+v", again)
	}
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
