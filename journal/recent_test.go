package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
)

// Whoever reads what is in memory needs no file; what has left it comes from
// the disk, and nothing is skipped in between.
func TestTheNewestEntriesAreReadFromMemory(t *testing.T) {
	cfg := journal.DefaultConfig(t.TempDir())
	cfg.RecentBytes = 4500
	j, err := journal.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for i := range 10 {
		body := make([]byte, 1000)
		body[0] = byte(i)
		if _, err := j.Append(t.Context(), model.Payload{Name: "x", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(after journal.Position) (got []byte, err error) {
		err = j.Read(t.Context(), after, func(e journal.Entry) error {
			if e.SHA256 != e.Payload.SHA256() || e.Position != after+journal.Position(len(got))+1 {
				t.Errorf("entry %d after %d: %x", e.Position, after, e.SHA256[:4])
			}
			got = append(got, e.Payload.Body[0])
			return nil
		})
		return got, err
	}
	all := "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"
	for after := range len(all) {
		if got, err := read(journal.Position(after)); err != nil || string(got) != all[after:] {
			t.Errorf("after %d: %x (%v)", after, got, err)
		}
	}
	removeSegments(t, cfg.Dir)
	if got, err := read(6); err != nil || string(got) != all[6:] {
		t.Errorf("without files, after 6: %x (%v)", got, err)
	}
	if _, err := read(5); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without files, after 5: %v", err)
	}
}

// A body in a large buffer keeps all of the buffer, and counts so.
func TestBuffersOfBodiesCount(t *testing.T) {
	cfg := journal.DefaultConfig(t.TempDir())
	cfg.RecentBytes = 4500
	j, err := journal.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for range 3 {
		if _, err := j.Append(t.Context(), model.Payload{Name: "x", Body: make([]byte, 10, 2000)}); err != nil {
			t.Fatal(err)
		}
	}
	removeSegments(t, cfg.Dir)
	ignore := func(journal.Entry) error { return nil }
	if err := j.Read(t.Context(), 1, ignore); err != nil {
		t.Errorf("the newest two: %v", err)
	}
	if err := j.Read(t.Context(), 0, ignore); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("with the oldest of three: %v", err)
	}
}

// removeSegments leaves what is in memory alone.
func removeSegments(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(files) == 0 {
		t.Fatalf("segments: %v (%v)", files, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}
