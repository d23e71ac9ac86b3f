package proof

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxHashes bounds a proof: a tree of 2⁶³ leaves is 63 high.
const maxHashes = 63

// inclusionTitle is the first line of a C2SP tlog-proof.
const inclusionTitle = "c2sp.org/tlog-proof@v1"

// Inclusion is a proof that a leaf is in a tree: a C2SP tlog-proof.
type Inclusion struct {
	Index      int64 // of the leaf, from 0
	Hashes     tlog.RecordProof
	Checkpoint []byte // the signed checkpoint, with cosignatures
}

// Encode returns the proof as a file.
func (p *Inclusion) Encode() []byte {
	b := fmt.Appendf(nil, "%s\nindex %d\n", inclusionTitle, p.Index)
	b = appendHashes(b, p.Hashes)
	return append(append(b, '\n'), p.Checkpoint...)
}

// ParseInclusion reads a proof. Only the one form that Encode writes is taken.
func ParseInclusion(data []byte) (*Inclusion, error) {
	head, checkpoint, found := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != inclusionTitle {
		return nil, fmt.Errorf("%w: not a %s", ErrFormat, inclusionTitle)
	}
	number, ok := strings.CutPrefix(lines[1], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || index < 0 {
		return nil, fmt.Errorf("%w: the second line of the proof is %q", ErrFormat, lines[1])
	}
	hashes, err := ParseHashes(lines[2:])
	if err != nil {
		return nil, err
	}
	p := &Inclusion{Index: index, Hashes: hashes, Checkpoint: checkpoint}
	if !bytes.Equal(p.Encode(), data) {
		return nil, fmt.Errorf("%w: the proof is not in canonical form", ErrFormat)
	}
	return p, nil
}

// Check opens the checkpoint of the proof and checks that the leaf is in its
// tree.
func (p *Inclusion) Check(leaf []byte, log note.Verifier, witnesses []note.Verifier) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, log, witnesses)
	if err != nil {
		return c, err
	}
	if p.Index >= c.Size {
		return c, fmt.Errorf("%w: leaf %d of %d", ErrInclusion, p.Index, c.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, tlog.RecordHash(leaf)); err != nil {
		return c, fmt.Errorf("%w: leaf %d of %d: %w", ErrInclusion, p.Index, c.Size, err)
	}
	return c, nil
}

// CheckConsistency checks that an older checkpoint is of a beginning of the tree
// of a newer one. An empty tree is the beginning of every tree.
func CheckConsistency(older, newer *Checkpoint, hashes tlog.TreeProof) error {
	switch {
	case older.Origin != newer.Origin:
		return fmt.Errorf("%w: they are of different logs, %q and %q", ErrConsistency, older.Origin, newer.Origin)
	case older.Size > newer.Size:
		return fmt.Errorf("%w: it has %d leaves, the newer %d", ErrConsistency, older.Size, newer.Size)
	case older.Size == newer.Size && older.Root != newer.Root:
		return fmt.Errorf("%w: both have %d leaves, and different roots", ErrConsistency, older.Size)
	case older.Size == newer.Size || older.Size == 0:
		if len(hashes) > 0 {
			return fmt.Errorf("%w: the proof has %d hashes and should have none", ErrConsistency, len(hashes))
		}
		return nil
	}
	if err := tlog.CheckTree(hashes, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("%w: %d leaves and %d: %w", ErrConsistency, older.Size, newer.Size, err)
	}
	return nil
}

// FormatHashes returns hashes in Base64, one a line, each with its line feed.
func FormatHashes(hashes []tlog.Hash) []byte { return appendHashes(nil, hashes) }

func appendHashes(b []byte, hashes []tlog.Hash) []byte {
	for _, h := range hashes {
		b = append(append(b, h.String()...), '\n')
	}
	return b
}

// ParseHashes reads lines of hashes in canonical Base64, at most 63.
func ParseHashes(lines []string) ([]tlog.Hash, error) {
	if len(lines) > maxHashes {
		return nil, fmt.Errorf("%w: %d hashes in a proof", ErrFormat, len(lines))
	}
	hashes := make([]tlog.Hash, 0, len(lines))
	for i, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return nil, fmt.Errorf("%w: hash %d of the proof is %q", ErrFormat, i+1, line)
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}
