package file_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/collect/file"
)

func open(t *testing.T, dir, source string) *file.RejectFile {
	t.Helper()
	f, err := file.OpenRejectFile(dir, source)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func add(t *testing.T, f *file.RejectFile, rejects ...file.Reject) {
	t.Helper()
	for _, r := range rejects {
		if err := f.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRejectFileDoesNotPileUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rejects")
	one := file.Reject{File: "a.jsonl", Line: 3, Reason: "no JSON object", Raw: []byte("<x>\r\n")}
	two := file.Reject{File: "a.jsonl", Line: 4, Reason: "no JSON object", Raw: []byte("\xFF")}
	f := open(t, dir, "a.jsonl")
	add(t, f, one, two, one)
	if f.Added() != 2 {
		t.Errorf("%d added, want 2", f.Added())
	}
	first, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"file":"a.jsonl","line":3,"reason":"no JSON object","raw":"<x>\r\n"}` + "\n" +
		`{"file":"a.jsonl","line":4,"reason":"no JSON object","raw_base64":"/w=="}` + "\n"
	if string(first) != want {
		t.Errorf("list:\n%s\nwant:\n%s", first, want)
	}
	again := open(t, dir, "a.jsonl")
	three := one
	three.Line = 5
	add(t, again, one, two, three)
	if again.Path() != f.Path() || again.Added() != 1 || again.Total() != 3 {
		t.Errorf("again: %d added of %d in %s", again.Added(), again.Total(), again.Path())
	}
	if other := open(t, dir, "elsewhere/a.jsonl"); other.Path() == f.Path() {
		t.Error("files of the same name in two folders share a list")
	}
}

func TestRejectFileDropsACutLine(t *testing.T) {
	dir := t.TempDir()
	reject := file.Reject{File: "a", Line: 1, Reason: "r", Raw: []byte("x")}
	f := open(t, dir, "a")
	add(t, f, reject)
	whole, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.Path(), append(whole, `{"file":"a","li`...), 0o600); err != nil {
		t.Fatal(err)
	}
	f = open(t, dir, "a")
	reject.Line = 2
	add(t, f, reject)
	got, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(got), "\n"); lines != 2 || f.Total() != 2 {
		t.Errorf("list after a crash: %q", got)
	}
}

func TestRejectFileIsMadeWhenNeeded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rejects")
	f := open(t, dir, "a")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a list without rejects left something behind: %v", err)
	}
}

func TestRejectFileKeepsTheBeginningOfALongPiece(t *testing.T) {
	f := open(t, t.TempDir(), "a")
	add(t, f, file.Reject{File: "a", Line: 1, Raw: []byte(strings.Repeat("x", 2<<20))})
	content, err := os.ReadFile(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	var line struct {
		Raw   string
		Bytes int64
	}
	if err := json.Unmarshal(content, &line); err != nil {
		t.Fatal(err)
	}
	if len(line.Raw) != 1<<20 || line.Bytes != 2<<20 {
		t.Errorf("%d bytes kept of %d, want 1 MiB of 2", len(line.Raw), line.Bytes)
	}
}
