package lake

import (
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/quoll/quoll/internal/durable/durabletest"
)

// TestAFailedSyncTakesNoFileOfAnother has several write and remove side by side in
// folders that come and go, on a disk whose syncs of folders fail and lose what was
// made: a file that was reported as written is there after a crash.
func TestAFailedSyncTakesNoFileOfAnother(t *testing.T) {
	for seed := range uint64(6) {
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(seed, 1))
		disk := durabletest.New(nil)
		s := syncedFS{disk: disk, names: newNames()}
		if err := s.makeDirs("/lake"); err != nil {
			t.Fatal(err)
		}
		disk.SetInject(func(op durabletest.Op) durabletest.Outcome {
			mu.Lock()
			defer mu.Unlock()
			if (op.Kind == "syncdir" || op.Kind == "remove") && random.IntN(5) == 0 {
				return durabletest.FailLost
			}
			return durabletest.Done
		})
		var written [4][]string
		var group sync.WaitGroup
		for i := range written {
			group.Go(func() { written[i] = writeSome(s, i, rand.New(rand.NewPCG(seed, uint64(2+i)))) })
		}
		group.Wait()
		after := disk.AfterCrash(durabletest.KeepNone, nil)
		for _, path := range written {
			for _, path := range path {
				if _, err := after.Stat(path); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
	}
}

// writeSome returns the files that were reported as written and not removed.
func writeSome(s syncedFS, writer int, random *rand.Rand) (written []string) {
	for n := range 60 {
		dir := fmt.Sprintf("/lake/day-%d", random.IntN(3))
		path := filepath.Join(dir, fmt.Sprintf("%d-%d", writer, n))
		err := s.write(path, func(w io.Writer) error {
			_, err := w.Write([]byte{1})
			return err
		})
		if err == nil {
			written = append(written, path)
		}
		if len(written) > 0 && random.IntN(2) == 0 {
			last := written[len(written)-1]
			written = written[:len(written)-1]
			_ = s.disk.Remove(last)
		}
		s.removeFolder(dir)
	}
	return written
}
