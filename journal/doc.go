// Package journal keeps every raw payload, byte for byte, before anything
// interprets it. It is an append-only sequence in segment files: one writer
// process, many readers, positions from 1 without holes.
//
// # What is promised
//
// When Append returns nil the payloads are on disk and have positions. They are
// never lost, changed or reordered by a crash. When Append returns an error they
// may or may not be in the journal, now or after a restart, in order and without
// holes; whoever appends them again may have them twice (readers know records by
// their identity, not by their position).
//
// A torn tail, which is what a crash leaves of writes nobody was told about, is
// cut when the journal is opened. Every entry says up to where the segment was
// durable when it was written, so a broken place that a later entry knows to
// have been durable is told from a torn tail: it is damage, reported as
// ErrCorrupt and never cut. Damage in the very last group of writes after a
// crash, with nothing written after it, looks like a torn tail; after Close it
// does not.
//
// The checksums find accidents, not forgers: who can write to the directory can
// write a new journal, or remove the end of this one. Proof against that is the
// archive's.
//
// The package must not know how a payload is fetched or what is in it, and it
// does not know who reads it.
//
// The byte layout is docs/formats/journal.md.
package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// Position is the sequence number of an entry, from 1. Zero is before the first.
type Position uint64

// Entry is one payload with its place in the journal.
type Entry struct {
	Position Position
	Payload  model.Payload
	// SHA256 is the hash of Payload.Body, as computed when it was appended and
	// checked when it was read (see Lend for what is only lent).
	SHA256 [32]byte

	loan *loan // of the body, nil if it is the holder's to keep
}

// The limits of one payload. They keep a reader's memory bounded, and an entry
// small enough for the archive's log.
const (
	MaxBody  = 256 << 20 // bytes of Body
	MaxName  = 4096      // bytes of Name
	MaxLabel = 256       // bytes each of Tenant, Source, Format and ContentType
)

// The errors that decide what a caller does next.
var (
	// ErrLocked: another process has the journal open for writing.
	ErrLocked = errors.New("journal is open in another process")
	// ErrCorrupt: bytes that were durable have changed. The error is a
	// *CorruptError and names the place.
	ErrCorrupt = errors.New("journal is damaged")
	// ErrTooLarge: a payload exceeds MaxBody, MaxName or MaxLabel. Nothing was
	// appended.
	ErrTooLarge = errors.New("payload is too large for the journal")
	// ErrFailed: an fsync failed. What is on disk is unknown, so the journal
	// takes no more; readers may go on. Open it again to recover.
	ErrFailed = errors.New("journal has failed and must be opened again")
	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrNotHeld: the journal begins after the position asked for.
	ErrNotHeld = errors.New("position is no longer held by the journal")
)

// CorruptError names damage. It is ErrCorrupt to errors.Is.
type CorruptError struct {
	Segment string // path of the segment file
	Offset  int64  // byte offset in it
	Reason  string
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal is damaged: %s at byte %d: %s", e.Segment, e.Offset, e.Reason)
}

// Is makes the error ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// Config says where the journal is and how it is cut into files.
type Config struct {
	// Dir is created if it does not exist.
	Dir string
	// SegmentBytes is the size at which the next segment begins. An entry
	// larger than this has a segment for itself.
	SegmentBytes int64
	// RecentBytes is how much of the newest payloads is kept in memory too, so
	// that a reader who keeps up neither reads nor decompresses them. Payloads
	// must not be changed after Append then. Zero keeps none.
	RecentBytes int64
	// FS is the file system; nil is the operating system's.
	FS durable.FS
	// Random gives the salts of segments; nil is crypto/rand.
	Random io.Reader
}

// DefaultConfig returns the configuration for a directory: segments of 128 MiB.
func DefaultConfig(dir string) Config {
	return Config{Dir: dir, SegmentBytes: 128 << 20}
}

// Recovery is what Open found at the end of the last segment.
type Recovery struct {
	Segment string // path of the segment that was cut or removed; empty if none was
	Offset  int64  // where it was cut
	Cut     int64  // bytes that were cut: writes that were never acknowledged
}
