package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckSaysWhatItDoesNotAsk: what is silently left out passes for well.
func TestCheckSaysWhatItDoesNotAsk(t *testing.T) {
	dir := t.TempDir()
	export := filepath.Join(dir, "export")
	if err := os.Mkdir(export, 0o700); err != nil {
		t.Fatal(err)
	}
	const idle, note = "WARNING  tenants", "note     defender_export"
	for text, want := range map[string][2]bool{
		"data_dir: data\n": {true, false},
		"data_dir: data\ntenants:\n  - {name: Agency, tenant_id: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, defender_export: {dir: export}}\n": {false, true},
	} {
		path := filepath.Join(dir, "quoll.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := quoll(t, "check", "-c", path)
		if err != nil || strings.Contains(out, idle) != want[0] || strings.Contains(out, note) != want[1] {
			t.Errorf("%s\n%s, %v", text, out, err)
		}
	}
}
