// Package archive keeps every journalled payload a second time, in a folder of
// its own, under a transparency log: write once, provable for years, readable
// with public tools, verifiable by anyone who has the folder and a public key.
//
// # What is in the folder
//
// Payloads are gathered into objects (zstd-compressed tar files). The log has
// one leaf for each payload, with its journal position, hash and origin, and one
// for each object, with the hash of the whole file. It is an RFC 6962 Merkle
// tree in the C2SP tlog-tiles layout, and its head is a C2SP checkpoint: a note
// signed with Ed25519. docs/formats/archive.md has the bytes.
//
// # What is proved
//
// Verify needs the folder and the verifier key, no server and no journal. If it
// finds no problem, then whoever holds the signing key committed to exactly
// these payloads at exactly these journal positions, from 1 on without a hole,
// and no byte of any file has changed since; no file is missing and none was
// added.
//
// # What is not proved
//
//   - That the folder is the newest one. Somebody who can write to it can put
//     back an older state as a whole, checkpoint included, and Verify will call
//     it good. That takes a witness (package archive/witness): someone elsewhere
//     who kept a checkpoint, which VerifyTrusting is given. (Open on the machine
//     that signs does notice, because it keeps its last checkpoint beside its
//     key.)
//   - Anything against the holder of the signing key, who can write another
//     archive. A witness's copy of a checkpoint limits that to the time after it.
//   - When something happened. The times are this machine's clock; time stamps of
//     others' clocks, where there are any, say since when it was in the log.
//   - That the payloads are what Microsoft sent. The hash is taken when the
//     journal receives them.
//
// The package must not know what is in a payload, and it knows neither the
// journal nor the lake: it is handed payloads with their positions.
package archive

import (
	"errors"
	"io"
	"time"

	"github.com/quoll/quoll/internal/durable"
)

// The errors that decide what a caller does next.
var (
	// ErrLocked: another process has the archive open for writing.
	ErrLocked = errors.New("archive is open in another process")
	// ErrGap: the payload handed over is not the one after the last. Nothing
	// was taken.
	ErrGap = errors.New("position does not follow the last one")
	// ErrTooLarge: what is known about the payload does not fit into a leaf of
	// the log (65,535 bytes). Nothing was taken.
	ErrTooLarge = errors.New("payload description is too large for the log")
	// ErrKey: the signing key does not belong to the archive or its origin, or
	// is missing although the archive has checkpoints.
	ErrKey = errors.New("signing key does not belong to this archive")
	// ErrBehind: the folder does not hold what this machine has signed: it was
	// put back to an older state, or its newest files were lost. It must not be
	// written to; keep it, and find the files.
	ErrBehind = errors.New("archive is behind the last checkpoint that was signed")
	// ErrDamaged: a file that is needed to go on does not fit the checkpoint.
	// Verify says which and what else.
	ErrDamaged = errors.New("archive is damaged")
	// ErrClosed: the archive was closed.
	ErrClosed = errors.New("archive is closed")
)

// Config says where an archive is and when its batches are sealed.
type Config struct {
	// Dir is the archive's folder, best on another disk than the data
	// directory. It is created if it does not exist.
	Dir string
	// KeyFile is the private signing key, in the note format of
	// golang.org/x/mod/sumdb/note. It is made on first use, readable by its
	// owner only, and must not be below Dir. Beside it are kept, under the same
	// name with another extension: .pub, the verifier key; .checkpoint, the
	// last checkpoint signed; .intent, what is being written; .lock.
	KeyFile string
	// Origin names the log in its checkpoints and its key, once and for all: a
	// schema-less URL without white space or plus signs (C2SP tlog-checkpoint).
	Origin string

	// Recipients are whom objects are encrypted to; none: they are not.
	Recipients Recipients

	// A batch is sealed when it has this many payloads or this many bytes of
	// bodies, or when its oldest payload has waited this long. One that has the bytes
	// in less than half of that time, packed, goes on for as long, up to four times
	// the bytes and as many as these packed.
	MaxPayloads int
	MaxBytes    int64
	MaxAge      time.Duration

	Now    func() time.Time // nil is time.Now
	FS     durable.FS       // nil is the operating system's
	Random io.Reader        // for a new key; nil is crypto/rand
}

// DefaultConfig returns the configuration for a folder and a key: batches of
// 1,000 payloads, 16 MiB, or one minute.
func DefaultConfig(dir, keyFile string) Config {
	return Config{
		Dir:         dir,
		KeyFile:     keyFile,
		Origin:      "quoll.invalid/archive",
		MaxPayloads: 1000,
		MaxBytes:    16 << 20,
		MaxAge:      time.Minute,
	}
}
