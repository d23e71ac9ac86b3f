package archive

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// What comes packed, faster than it is sealed, is sealed in larger pieces: as long as it is
// young and takes no more memory than an object of what comes slowly.
func TestARushIsSealedInLargerPieces(t *testing.T) {
	const size = 1000
	body := bytes.Repeat([]byte("a"), size)
	frame := packed(body)
	for name, c := range map[string]struct {
		every time.Duration
		pack  []byte
		want  []uint64 // sealed after each of nine
		quick bool     // bodies stay packed as they are
	}{
		"fast":      {0, frame, []uint64{0, 0, 0, 0, 0, 0, 0, 8, 8}, true},
		"unpacked":  {0, nil, []uint64{0, 2, 2, 4, 4, 6, 6, 8, 8}, false},
		"large":     {0, append(bytes.Clone(frame), skippable(size)...), []uint64{0, 2, 2, 4, 4, 6, 6, 8, 8}, true},
		"slow":      {31 * time.Second, frame, []uint64{0, 2, 2, 4, 4, 6, 6, 8, 8}, false},
		"half fast": {11 * time.Second, frame, []uint64{0, 0, 0, 3, 3, 3, 6, 6, 6}, true},
	} {
		t.Run(name, func(t *testing.T) {
			files := durabletest.New(nil)
			cfg := memory(files)
			now := &clock{now: time.Unix(1_750_000_000, 0)}
			cfg.Now, cfg.MaxPayloads, cfg.MaxBytes, cfg.MaxAge = now.Now, 100, 2*size, time.Minute
			a := mustOpen(t, cfg)
			for i, want := range c.want {
				now.now = now.now.Add(c.every)
				if err := a.Add(t.Context(), uint64(i+1), model.Payload{Body: body, Packed: c.pack}); err != nil {
					t.Fatal(err)
				}
				if got := a.Sealed(); got != want {
					t.Errorf("after %d: %d are sealed, want %d", i+1, got, want)
				}
			}
			quick := false
			for path, file := range files.Snapshot("/archive") {
				quick = quick || strings.HasPrefix(path, "objects/") && bytes.Contains(file.Data, frame)
			}
			if quick != c.quick {
				t.Errorf("bodies stay packed as they are: %v", quick)
			}
			if err := a.Flush(t.Context()); err != nil || a.Sealed() != 9 {
				t.Errorf("%d are sealed in the end: %v", a.Sealed(), err)
			}
			mustVerify(t, files.Snapshot("/archive"), a.VerifierKey(), 9)
		})
	}
}

// skippable is a zstd frame of a size that a reader passes over.
func skippable(size int) []byte {
	return append([]byte{0x50, 0x2a, 0x4d, 0x18, byte(size), byte(size >> 8), 0, 0}, make([]byte, size)...)
}
