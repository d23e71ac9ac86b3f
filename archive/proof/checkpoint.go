package proof

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint bounds, in bytes, what is read as a checkpoint.
const MaxCheckpoint = 64 << 10

// Checkpoint is a tree head (C2SP tlog-checkpoint) whose log's signature was
// checked.
type Checkpoint struct {
	Origin string
	Size   int64 // leaves
	Root   tlog.Hash
	Text   string // what is signed, with its last line feed
	Signed []byte // the whole note
	// Cosignatures are those of the known witnesses, checked. Unknown counts the
	// signatures of others, of which nothing is known.
	Cosignatures []Cosignature
	Unknown      int
}

// Cosignature is a witness's statement that it saw this checkpoint, consistent
// with all it saw before.
type Cosignature struct {
	Witness string    // name of its key
	Time    time.Time // in UTC, to the second, by the witness's clock
}

// OpenCheckpoint checks the signature of the log and those of the known
// witnesses, to the last bit: Base64 has forms that decode to the same bytes, and
// none but the canonical one is taken. The errors are ErrFormat and ErrSignature.
func OpenCheckpoint(signed []byte, log note.Verifier, witnesses []note.Verifier) (Checkpoint, error) {
	c := Checkpoint{Signed: signed}
	if len(signed) > MaxCheckpoint {
		return c, fmt.Errorf("%w: the checkpoint is larger than %d bytes", ErrFormat, MaxCheckpoint)
	}
	n, err := note.Open(signed, note.VerifierList(log))
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if len(n.Sigs) != 1 || n.Sigs[0].Name != log.Name() {
		return c, fmt.Errorf("%w: %d signatures of the log", ErrSignature, len(n.Sigs))
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return c, fmt.Errorf("%w: not in canonical Base64", ErrSignature)
	}
	if err := c.parse(n.Text); err != nil {
		return c, fmt.Errorf("%w: checkpoint: %w", ErrFormat, err)
	}
	if c.Origin != log.Name() {
		return c, fmt.Errorf("%w: the checkpoint is of %q, the key of %q", ErrSignature, c.Origin, log.Name())
	}
	return c, c.cosigned(n.UnverifiedSigs, witnesses)
}

// parse reads the three lines that every checkpoint has. Others may follow.
func (c *Checkpoint) parse(text string) error {
	c.Text = text
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return fmt.Errorf("%d lines", len(lines)-1)
	}
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			return fmt.Errorf("an empty line")
		}
	}
	var err error
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return fmt.Errorf("size %q", lines[1])
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil || c.Root.String() != lines[2] {
		return fmt.Errorf("root %q", lines[2])
	}
	return nil
}

// cosigned checks the signatures beside the log's. A wrong one of a known
// witness is an error: nobody puts it there by mistake.
func (c *Checkpoint) cosigned(sigs []note.Signature, witnesses []note.Verifier) error {
	for _, s := range sigs {
		known := find(witnesses, s.Name, s.Hash)
		if known == nil {
			c.Unknown++
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
		if err != nil || len(raw) < 4 || !known.Verify([]byte(c.Text), raw[4:]) {
			return fmt.Errorf("%w: cosignature of %s", ErrSignature, s.Name)
		}
		at, err := cosignatureTime(raw[4:])
		if err != nil {
			return fmt.Errorf("%w: cosignature of %s: %w", ErrSignature, s.Name, err)
		}
		c.Cosignatures = append(c.Cosignatures, Cosignature{Witness: s.Name, Time: at})
	}
	return nil
}

func find(verifiers []note.Verifier, name string, hash uint32) note.Verifier {
	for _, v := range verifiers {
		if v.Name() == name && v.KeyHash() == hash {
			return v
		}
	}
	return nil
}

// Witnesses returns how many different witnesses have cosigned.
func (c *Checkpoint) Witnesses() int {
	seen := map[string]bool{}
	for _, s := range c.Cosignatures {
		seen[s.Witness] = true
	}
	return len(seen)
}
