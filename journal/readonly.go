package journal

import (
	"context"
	"fmt"

	"github.com/quoll/quoll/internal/durable"
)

// Reader is a journal open for reading by a tool, while a server may be writing
// it or after it crashed. It changes nothing, takes no lock, and sees what was
// there when it was opened, without a torn tail. Unlike a Journal it may see
// entries that a power failure would still take away.
type Reader struct {
	set *set
}

// OpenReadOnly opens the journal in cfg.Dir for reading. The errors are
// ErrCorrupt with the place, or the file system's.
func OpenReadOnly(cfg Config) (*Reader, error) {
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	set, _, err := openSet(cfg.FS, cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open journal for reading: %w", err)
	}
	return &Reader{set: set}, nil
}

// Last returns the position of the last whole entry, 0 if there is none.
func (r *Reader) Last() Position { return r.set.lastPosition() }

// Read is as Journal.Read, up to Last().
func (r *Reader) Read(ctx context.Context, after Position, yield func(Entry) error) error {
	return r.set.read(ctx, after, false, yield)
}

// Close ends the reader. It holds no file open between calls.
func (r *Reader) Close() error { return nil }
