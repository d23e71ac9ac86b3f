package pagecache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestForgottenFilesAreWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "day", "rows.parquet")
	if err := errors.Join(os.Mkdir(filepath.Dir(name), 0o750), os.WriteFile(name, []byte("rows"), 0o600), os.Symlink("nowhere", filepath.Join(dir, "gone.json"))); err != nil {
		t.Fatal(err)
	}
	if err := Forget(dir, ".parquet"); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "rows" {
		t.Errorf("%q, %v", data, err)
	}
	if err := Forget(dir, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that cannot be opened: %v", err)
	}
}
