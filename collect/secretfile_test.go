package collect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretFilesAreNotForEveryone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(" hunter2\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, allowed := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: true, 0o440: true, 0o644: false, 0o602: false, 0o666: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		secret, err := ReadSecretFile(path)
		switch {
		case allowed && (err != nil || secret.Reveal() != "hunter2"):
			t.Errorf("%04o: %q, %v", mode, secret.Reveal(), err)
		case !allowed && (err == nil || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%04o: %v, want the remedy", mode, err)
		}
	}
}
