package pipeline

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/quoll/quoll/schema"
)

// killedEnv makes the test binary the victim of TestKill: it works in the
// folder that the variable names until it is killed.
const killedEnv = "QUOLL_TEST_KILLED_IN"

// TestKilledRiverLosesNothing kills a process with SIGKILL again and again
// while it journals, applies and flushes, and then compares what is visible
// with what the journal holds.
func TestKilledRiverLosesNothing(t *testing.T) {
	if dir := os.Getenv(killedEnv); dir != "" {
		workUntilKilled(t, dir)
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		reached := runAndKill(t, dir, 1+random.IntN(12))
		r := openRiver(t, dir, nil)
		if err := r.Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
		last := int64(r.journal.Last())
		if last < reached {
			t.Fatalf("round %d: the journal ends at %d, but %d was acknowledged", round, last, reached)
		}
		for _, table := range []string{schema.UnifiedAuditLog, schema.OfficeActivity} {
			if n, want := r.rows(t, table), 10*last+2; n != want {
				t.Fatalf("round %d: %s has %d rows, want %d for %d payloads", round, table, n, want, last)
			}
		}
		if n := r.rows(t, schema.UnifiedAuditLogRevisions); n != 0 {
			t.Fatalf("round %d: %d revisions", round, n)
		}
		r.close()
	}
}

// runAndKill starts the victim and kills it after it reported that many
// positions. It returns the last one it reported.
func runAndKill(t *testing.T, dir string, reports int) (reached int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRiverLosesNothing$")
	cmd.Env = append(os.Environ(), killedEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for reports > 0 && lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "at %d", &reached); err != nil {
			t.Fatalf("the victim says %q", lines.Text())
		}
		reports--
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the victim ended by itself")
	}
	return reached
}

func workUntilKilled(t *testing.T, dir string) {
	r := openRiver(t, dir, nil)
	for {
		at := int(r.journal.Last())
		r.add(t, auditLines(at*10, 12))
		fmt.Println("at", at+1)
		if err := r.Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at%2 == 0 {
			if err := r.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}
