package durabletest

import (
	"math/rand/v2"
	"os"
	"testing"
)

// TestACrashLeavesWhatWasOverwritten: a journal that writes again what it found
// at its start must not lose it to a crash meanwhile.
func TestACrashLeavesWhatWasOverwritten(t *testing.T) {
	for seed := range uint64(50) {
		machine := New(nil)
		f, err := machine.OpenFile("/f", os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		write := func(text string, at int64) {
			if _, err := f.WriteAt([]byte(text), at); err != nil {
				t.Fatal(err)
			}
		}
		write("durable", 0)
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		if err := machine.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		write("durable and more", 0)
		after := machine.AfterCrash(KeepSome, rand.New(rand.NewPCG(seed, 1)))
		if got := string(after.Snapshot("/")["f"].Data); len(got) < 7 || got[:7] != "durable" {
			t.Fatalf("seed %d: %q is left", seed, got)
		}
	}
}
