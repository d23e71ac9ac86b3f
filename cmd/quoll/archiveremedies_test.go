package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/server"
)

// TestEachProblemHasARemedy says once what to do about each kind of damage.
func TestEachProblemHasARemedy(t *testing.T) {
	r := &archive.Report{Problems: []archive.Problem{
		{File: "objects/a", What: archive.Changed}, {File: "tile/0/000", What: archive.Missing}, {File: "log", What: archive.Hole},
		{File: "checkpoint", What: archive.Changed}, {File: "checkpoint", What: archive.Behind}, {File: "checkpoint", What: archive.Split},
		{File: "checkpoint.cosigned", What: archive.Missing}, {File: "archive.pub", What: archive.Changed},
		{File: "objects/b", What: archive.Extra}, {File: "objects/c", What: archive.Unreadable},
		{File: "stamps", What: archive.Missing},
	}}
	want := []string{remedyFile, remedyHead, remedyBehind, remedySplit, remedyCosigned, remedyPublic, remedyExtra, remedyDisk, remedyStamps}
	if got := remediesOf(r); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	var b strings.Builder
	if err := printReport(&b, "text", "q-archive", r, false, time.Second); err != nil || strings.Count(b.String(), "\n→ ") != len(want) {
		t.Errorf("%v\n%s", err, b.String())
	}
	if got := remediesOf(&archive.Report{}); got != nil {
		t.Errorf("a whole archive: %q", got)
	}
	for err, says := range map[error]string{archive.ErrBehind: "newest copy", archive.ErrKey: "from its backup", archive.ErrDamaged: "quoll archive verify"} {
		once := archiveError(fmt.Errorf("open archive: %w", err))
		if twice := archiveError(once); !strings.Contains(once.Error(), says) || twice.Error() != once.Error() {
			t.Errorf("%v, %v", once, twice)
		}
	}
	if archiveError(nil) != nil || archiveError(archive.ErrNotFound) != archive.ErrNotFound {
		t.Error("an error that says all is changed")
	}
}

// TestWitnessesAreInHealth has a witness that finds something wrong fail, and one that
// cannot be asked degrade.
func TestWitnessesAreInHealth(t *testing.T) {
	for _, c := range []struct {
		standing    witness.Standing
		state, code string
	}{
		{witness.Standing{Size: 3}, server.StateOK, ""},
		{witness.Standing{}, server.StateStarting, ""},
		{witness.Standing{Err: fmt.Errorf("connection refused")}, server.StateDegraded, "witness-unreachable"},
		{witness.Standing{Err: fmt.Errorf("w: %w", witness.ErrUnknown)}, server.StateDegraded, "witness-unknown"},
		{witness.Standing{Err: fmt.Errorf("w: %w", witness.ErrKey)}, server.StateFailing, "witness-key"},
		{witness.Standing{Size: 3, Err: fmt.Errorf("w: %w", witness.ErrRollback)}, server.StateFailing, "witness-rollback"},
		{witness.Standing{Size: 3, Err: fmt.Errorf("w: %w", witness.ErrSplit)}, server.StateFailing, "witness-split"},
	} {
		c.standing.Name = "witness.example/w1"
		if s := witnessState(c.standing); s.State != c.state || s.Code != c.code || s.Name != c.standing.Name || (s.Remedy == "") != (c.standing.Err == nil) {
			t.Errorf("%+v, want %s %s", s, c.state, c.code)
		}
	}
}
