package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
)

func TestTimestamps(t *testing.T) {
	authority, err := timestamptest.New(timestamptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "roots.pem"), authority.Root(), 0o600); err != nil {
		t.Fatal(err)
	}
	one := `
  - name: harbour
    url: https://tsa.example/tsr
    roots_file: roots.pem
`
	text := "data_dir: /var/lib/quoll\narchive_timestamps:" + one + `  - name: ridge
    url: http://stamps.example
    roots_file: ` + filepath.Join(dir, "roots.pem") + `
    policy: 1.3.6.1.4.1.4146.2.3
    every: 1h
    timeout: 5s
    ca_file: tls.pem
tenants: []
`
	c, err := Parse([]byte(text), dir, environment)
	if err != nil || len(c.ArchiveTimestamps) != 2 {
		t.Fatal(err)
	}
	if a := c.ArchiveTimestamps[0]; a.Name != "harbour" || a.URL != "https://tsa.example/tsr" || a.Policy != nil || a.Every != 24*time.Hour || a.Timeout != 30*time.Second || a.Roots == nil || a.RootsFile != filepath.Join(dir, "roots.pem") || a.CAFile != "" {
		t.Errorf("%+v", a)
	}
	if a := c.ArchiveTimestamps[1]; a.Policy.String() != "1.3.6.1.4.1.4146.2.3" || a.Every != time.Hour || a.Timeout != 5*time.Second || a.CAFile != filepath.Join(dir, "tls.pem") {
		t.Errorf("%+v", a)
	}
	if _, err := Parse([]byte("data_dir: /var/lib/quoll\narchive_timestamps:"+one+strings.TrimPrefix(one, "\n")+"tenants: []\n"), dir, environment); err == nil || !strings.Contains(err.Error(), "archive_timestamps[1]: name: harbour is given twice") {
		t.Errorf("one name twice: %v", err)
	}
	for _, wrong := range []string{"https://quoll:hunter2@tsa.example", "https://quoll:hunter2@tsa.example:port", "quoll:hunter2@tsa.example"} {
		secret := strings.Replace(one, "https://tsa.example", wrong, 1)
		if _, err := Parse([]byte("data_dir: /var/lib/quoll\narchive_timestamps:"+secret+"tenants: []\n"), dir, environment); err == nil || !strings.Contains(err.Error(), "archive_timestamps[0]: url: ") || !strings.Contains(err.Error(), "name or password") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
