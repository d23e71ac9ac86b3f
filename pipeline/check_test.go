package pipeline

import (
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// checkRiver closes the lake of a river and checks it.
func checkRiver(t *testing.T, r *river, dir string, change func(*Parts)) LakeCheck {
	t.Helper()
	if err := r.lake.Close(); err != nil {
		t.Fatal(err)
	}
	parts := r.Parts
	if change != nil {
		change(&parts)
	}
	check, err := CheckLake(t.Context(), lake.DefaultConfig(filepath.Join(dir, "lake")), parts, t.TempDir(), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return check
}

func filledRiver(t *testing.T, change func(*Parts)) (*river, string) {
	t.Helper()
	dir := t.TempDir()
	r := openRiver(t, dir, change)
	for i := range 3 {
		r.add(t, auditLines(i*8, 10)) // two of each repeat
	}
	if err := errors.Join(r.Catchup(t.Context()), r.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	// What is journalled and in no file is no problem.
	r.add(t, auditLines(100, 1))
	return r, dir
}

func TestALakeThatHoldsWhatTheJournalHolds(t *testing.T) {
	r, dir := filledRiver(t, nil)
	check := checkRiver(t, r, dir, nil)
	if len(check.Problems) > 0 || check.Records == 0 {
		t.Errorf("%+v", check)
	}
	for _, table := range check.Tables {
		if table.Name == schema.UnifiedAuditLog && (table.Rows != 26 || table.Position != 3) {
			t.Errorf("%+v", table)
		}
	}
	if _, err := CheckLake(t.Context(), lake.DefaultConfig(filepath.Join(dir, "nowhere")), r.Parts, t.TempDir(), true, nil); err == nil {
		t.Error("a lake that is not there was checked")
	}
}

func TestRecordsThatAreMissingOrForeignAreCounted(t *testing.T) {
	r, dir := filledRiver(t, func(p *Parts) { p.Normaliser = half{p.Normaliser} })
	whole := normalise.New(normalise.Config{WorkspaceID: "w"})
	check := checkRiver(t, r, dir, func(p *Parts) { p.Normaliser = whole })
	if len(check.Problems) != maxRecordProblems || check.Omitted == 0 || !strings.Contains(check.Problems[0].What, "is in the journal and not in the table") {
		t.Errorf("missing: %+v", check)
	}
	r, dir = filledRiver(t, nil)
	check = checkRiver(t, r, dir, func(p *Parts) { p.Normaliser = half{whole} })
	if len(check.Problems) != maxRecordProblems || !strings.Contains(check.Problems[0].What, "does not come from the journal") {
		t.Errorf("foreign: %+v", check)
	}
}

func TestACheckOfALakeInUse(t *testing.T) {
	r, dir := filledRiver(t, nil)
	_, err := CheckLake(t.Context(), lake.DefaultConfig(filepath.Join(dir, "lake")), r.Parts, t.TempDir(), true, nil)
	if !errors.Is(err, lake.ErrLocked) {
		t.Errorf("%v", err)
	}
}

// TestACheckFindsWhatWasErased has a row in the tables whose key is in a tombstone.
func TestACheckFindsWhatWasErased(t *testing.T) {
	r, dir := filledRiver(t, nil)
	var key schema.Key
	err := r.lake.Contents(t.Context(), schema.UnifiedAuditLog, func(c lake.Content) error { key = c.Key; return nil }, func(string, error) {})
	if err == nil {
		err = lake.KeepOut(lake.DefaultConfig(filepath.Join(dir, "lake")), 1, time.Now(), []schema.Key{key})
	}
	if err != nil {
		t.Fatal(err)
	}
	check := checkRiver(t, r, dir, nil)
	if len(check.Problems) != 2 || !strings.Contains(check.Problems[0].What, "was erased") || !strings.Contains(check.Problems[0].What, hex.EncodeToString(key[:])) {
		t.Errorf("%v", check.Problems)
	}
}
