package main

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/s3/s3test"
	"github.com/quoll/quoll/preflight"
	"github.com/quoll/quoll/server"
)

// TestACopyInAStore copies the archive of a node to S3 and to a folder, tells where
// they stand, and verifies, proves and restores from the store alone.
func TestACopyInAStore(t *testing.T) {
	k, _ := openKeeper(t)
	k.journal(t, `{"Id":"11111111-0000-4000-8000-000000000001","CreationTime":"2026-05-01T10:00:00","Operation":"New-InboxRule","OrganizationId":"`+keeperTenant+`","RecordType":1,"UserId":"a@contoso.example","Workload":"Exchange"}`+"\n")
	if err := k.node.archiveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	bucket := s3test.New(s3test.Config{Bucket: "archive", Region: "ap-southeast-2", Key: "AKIATEST", Secret: "hidden", Lock: true})
	listener := httptest.NewServer(bucket)
	defer listener.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hidden")
	address := "s3://archive/quoll?region=ap-southeast-2&path_style=true&endpoint=" + listener.URL
	second := t.TempDir()
	settings := copiesOf(t, address, "file://"+second, "file:///nowhere/at/all")
	settings[0].Retain = 24 * time.Hour
	if err := k.node.keepCopies(settings, k.audit); err != nil {
		t.Fatal(err)
	}
	for i, copier := range k.node.copiers {
		if err := copier.Once(t.Context()); (err != nil) != (i == 2) {
			t.Fatalf("copy %d: %v", i, err)
		}
	}
	detail, err := k.Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := detail.Copies; len(c) != 3 || c[0].Objects != 0 || c[0].Leaves != detail.Checkpoint.Size || c[0].Unlocked || c[1].Leaves != c[0].Leaves || c[2].Objects == 0 || c[2].LagSeconds <= 0 || c[2].Problem == "" {
		t.Fatalf("where the copies stand: %+v", c)
	}
	states := k.node.copyStates(time.Now())
	if states[0].State != server.StateOK || states[2].State != server.StateDegraded || k.node.copyStates(time.Now().Add(time.Hour))[2].Code != "copy-late" {
		t.Fatalf("health: %+v", states)
	}
	if f := k.node.copyFigures(time.Now()); f[0].Objects != 0 || f[2].Failures != 1 || f[2].Lag <= 0 {
		t.Fatalf("figures: %+v", f)
	}
	for _, place := range []string{address, second} {
		readCopy(t, place, k.node.paths.verifier())
	}
	checkCopies(t, settings)

	// Somebody replaces what nothing locks.
	name := filepath.Join(second, "objects/0000000000000000")
	entries, err := os.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(name, entries[0].Name())
	if err := errors.Join(os.Remove(name), os.WriteFile(name, []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var exit *exitError
	if out, err := quoll(t, "archive", "verify", "--archive", second, "--key", k.node.paths.verifier()); !errors.As(err, &exit) || exit.code != exitFound || !strings.Contains(out, entries[0].Name()+": changed") {
		t.Fatalf("a copy that was changed: %v\n%s", err, out)
	}
}

func copiesOf(t *testing.T, addresses ...string) []config.ArchiveCopy {
	t.Helper()
	var all []config.ArchiveCopy
	for i, address := range addresses {
		l, err := objectstore.ParseLocation(address)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, config.ArchiveCopy{Name: string(rune('a' + i)), ObjectStore: config.ObjectStore{Location: l}, AlarmAfter: 15 * time.Minute})
	}
	return all
}

// readCopy does what one does with an archive with a copy alone.
func readCopy(t *testing.T, place, key string) {
	t.Helper()
	dir := t.TempDir()
	out, err := quoll(t, "archive", "verify", "--archive", place, "--key", key, "-o", "json")
	var verified struct{ Whole bool }
	if err != nil || json.Unmarshal([]byte(out), &verified) != nil || !verified.Whole {
		t.Fatalf("verify %s: %v\n%s", place, err, out)
	}
	if strings.Contains(out, "hidden") {
		t.Error("a secret is in the output")
	}
	bundle := filepath.Join(dir, "record.evidence.tar")
	if out, err := quoll(t, "archive", "prove", "--archive", place, "--key", key, "--data", dir, "--position", "1", "--out", bundle); err != nil {
		t.Fatalf("prove from %s: %v\n%s", place, err, out)
	}
	if out, err := quoll(t, "archive", "restore", "--archive", place, "--key", key, "--data", filepath.Join(dir, "restored"), "-o", "json"); err != nil || !strings.Contains(out, `"table":"UnifiedAuditLog"`) {
		t.Fatalf("restore from %s: %v\n%s", place, err, out)
	}
}

// checkCopies asks the stores as quoll check does.
func checkCopies(t *testing.T, settings []config.ArchiveCopy) {
	t.Helper()
	found := map[string]preflight.Finding{}
	preflight.Run(t.Context(), preflight.Plan{Copies: copiesToCheck(settings)}, func(f preflight.Finding) { found[f.Check] = f })
	if f := found["archive copy a"]; f.Severity != preflight.OK || !strings.Contains(f.Found, "the bucket has Object Lock") {
		t.Errorf("a bucket that locks: %+v", f)
	}
	if f := found["archive copy b"]; f.Severity != preflight.Note || f.Remedy == "" {
		t.Errorf("a folder: %+v", f)
	}
	if f := found["archive copy c"]; f.Severity != preflight.Warning || !strings.Contains(f.Found, "does not answer") {
		t.Errorf("a disk that is not there: %+v", f)
	}
}
