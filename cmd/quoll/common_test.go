package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/journal"
)

// TestWhatNeedsTheDataDirectorySaysWhoHasIt: "the journal is open" names a part that
// nobody knows who only wanted to try a rule.
func TestWhatNeedsTheDataDirectorySaysWhoHasIt(t *testing.T) {
	data := filepath.Join(t.TempDir(), "q")
	j, err := journal.Open(journal.DefaultConfig(filepath.Join(data, "journal")))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for _, args := range [][]string{
		{"explain", "--data", data, "OfficeActivity"},
		{"rules", "backtest", "--all", "--data", data},
		{"replay", "--data", data},
		{"lake", "check", "--data", data},
	} {
		if _, err := quoll(t, args...); err == nil || !strings.Contains(err.Error(), "is in use by another quoll process: stop it first") {
			t.Errorf("quoll %s: %v", strings.Join(args, " "), err)
		}
	}
}
