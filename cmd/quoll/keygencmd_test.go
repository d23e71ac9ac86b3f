package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/clock"
)

// An encrypted archive is written, compared with the tables, verified with and
// without its key, and restored with it; the key goes on to somebody else.
func TestEncryptedArchive(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	data, key := filepath.Join(dir, "q"), filepath.Join(dir, "archive.agekey")
	recipient, err := quoll(t, "archive", "keygen", "--out", key)
	if err != nil || !strings.HasPrefix(recipient, "age1") {
		t.Fatalf("%q, %v", recipient, err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := quoll(t, "archive", "keygen", "--out", key); err == nil {
		t.Error("a key was written over")
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	p := paths{data: data, archive: data + "-archive", origin: defaultOrigin, recipients: strings.TrimSpace(recipient), identities: key}
	n, err := openNode(ctx, p, commandSettings(), log)
	if err != nil {
		t.Fatal(err)
	}
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: log}
	if err := audit.done(ctx, act{operation: "Sign in", kind: "Session", name: "a name that nobody may read"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := n.catchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if err := n.archiveAll(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := reconcileArchive(ctx, n, nil); err != nil || !r.Passed {
		t.Errorf("reconcile: %+v, %v", r, err)
	}
	if err := n.close(); err != nil {
		t.Fatal(err)
	}

	verifier := filepath.Join(data, "keys", "archive.pub")
	for want, args := range map[string][]string{
		"whole: 1 payloads in 1 objects":                        {"verify", "--data", data},
		"1 further payloads are encrypted and no key was given": {"verify", "--archive", p.archive, "--key", verifier, "--data", filepath.Join(dir, "elsewhere")},
		"old.age: for 1 recipients":                             {"rewrap", "--identity", key, "--recipient", strings.TrimSpace(recipient), "--out", filepath.Join(dir, "old.age")},
		"restored: 1 payloads":                                  {"restore", "--archive", p.archive, "--key", verifier, "--identity", key, "--data", filepath.Join(dir, "restored")},
		"of the payload at journal position 1, leaf 0":          {"prove", "--data", data, "--position", "1", "--out", filepath.Join(dir, "made.tar")},
	} {
		if out, err := quoll(t, append([]string{"archive"}, args...)...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: %q, %v; want %q", args, out, err, want)
		}
	}
	_, err = quoll(t, "archive", "restore", "--archive", p.archive, "--key", verifier, "--data", filepath.Join(dir, "closed"))
	if err == nil || !strings.Contains(err.Error(), "encrypted") {
		t.Errorf("restored without a key: %v", err)
	}
}
