package lake

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheCatalogIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	db, err := openSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), catalogSchema); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}
