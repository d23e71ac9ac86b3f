package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
)

// ErrNotFound: the archive has no such payload.
var ErrNotFound = errors.New("not in the archive")

// Prover makes proofs from an archive's folder, or from a copy. It reads only, and may be used
// while a server seals batches; a proof that such a batch spoils is made again.
type Prover struct {
	root     io.Closer // nil if it is somebody else's to close
	fs       fs.FS
	verifier note.Verifier
	key      string // of the verifier
	// Warn is told of damaged files that proofs do without; may be nil.
	Warn func(text string)
}

// OpenProver opens a folder for making proofs. Identities open objects that are
// encrypted.
func OpenProver(dir, verifierKey string, identities Identities) (*Prover, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	p, err := NewProver(root.FS(), verifierKey, identities)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	p.root = root
	return p, nil
}

// NewProver is OpenProver of an archive, or a copy of one, that is no folder.
func NewProver(fsys fs.FS, verifierKey string, identities Identities) (*Prover, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return nil, fmt.Errorf("verifier key: %w", err)
	}
	if fsys, _, err = openCopy(fsys); err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	return &Prover{fs: newClearFS(fsys, identities, verifierKey), verifier: verifier, key: verifierKey}, nil
}

// Close closes the folder, if there is one.
func (p *Prover) Close() error {
	if p.root == nil {
		return nil
	}
	return p.root.Close()
}

// view is the log as one checkpoint has it.
type view struct {
	fs   fs.FS
	head checkpoint
	tree tlog.HashReader // every hash it gives is proved against the head
	warn func(text string)
}

func (p *Prover) view() (*view, error) {
	signed, err := readBounded(p.fs, checkpointFile, maxCheckpoint)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	head, err := openCheckpoint(signed, p.verifier)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", badCheckpoint(checkpointFile, err))
	}
	v := newView(p.fs, head)
	v.warn = p.Warn
	return v, nil
}

func newView(fsys fs.FS, head checkpoint) *view {
	read := func(name string, limit int64) ([]byte, error) { return readBounded(fsys, name, limit) }
	tree := tlog.TileHashReader(tlog.Tree{N: head.size, Hash: head.root}, tileReader{read: read})
	return &view{fs: fsys, head: head, tree: tree}
}

// proveAttempts bounds how often a proof is made again because a batch was
// sealed meanwhile, whose checkpoint replaced the tiles at the edge.
const proveAttempts = 5

// again calls use with the present view until it succeeds or fails under a
// checkpoint that still stands.
func (p *Prover) again(ctx context.Context, use func(*view) error) error {
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := p.view()
		if err != nil {
			return err
		}
		if err = use(v); err == nil || attempt == proveAttempts {
			return err
		}
		now, readErr := readBounded(p.fs, checkpointFile, maxCheckpoint)
		if readErr != nil || bytes.Equal(now, v.head.signed) {
			return err
		}
	}
}

// Proved is a payload and what proves that it is in the log.
type Proved struct {
	Leaf      PayloadLeaf
	Line      []byte // the leaf as it stands in the log
	Body      []byte
	Inclusion proof.Inclusion
	Stamped   *proof.Stamped // nil where no time stamp reaches so far
}

// Payload proves the payload of a journal position, under the cosigned checkpoint
// if that reaches so far, else under the newest. The error is ErrNotFound if the
// archive ends before the position.
func (p *Prover) Payload(ctx context.Context, position uint64) (*Proved, error) {
	var proved *Proved
	err := p.again(ctx, func(v *view) (err error) {
		proved, err = v.payload(position)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove journal position %d: %w", position, err)
	}
	return proved, nil
}

func (v *view) payload(position uint64) (*Proved, error) {
	index, line, err := v.find(position)
	if err != nil {
		return nil, err
	}
	leaf, _ := parsePayloadLeaf(line)
	var body bytes.Buffer
	if err := copyBody(v.fs, leaf, &body); err != nil {
		return nil, err
	}
	proved := &Proved{Leaf: leaf, Line: line, Body: body.Bytes()}
	if proved.Inclusion, err = v.inclusion(index); err == nil {
		proved.Stamped, err = v.stamped(index)
	}
	return proved, err
}

// inclusion proves the leaf of an index.
func (v *view) inclusion(index int64) (proof.Inclusion, error) {
	size, signed, err := v.cosigned(index)
	if err != nil {
		return proof.Inclusion{}, err
	}
	return v.includedIn(size, signed, index)
}

// includedIn proves it under a checkpoint of a size.
func (v *view) includedIn(size int64, signed []byte, index int64) (proof.Inclusion, error) {
	hashes, err := tlog.ProveRecord(size, index, v.tree)
	if err != nil {
		return proof.Inclusion{}, fmt.Errorf("prove leaf %d of %d: %w", index, size, err)
	}
	return proof.Inclusion{Index: index, Hashes: hashes, Checkpoint: signed}, nil
}

// cosigned returns the checkpoint that witnesses have cosigned, if it has a leaf,
// else the newest.
func (v *view) cosigned(index int64) (size int64, signed []byte, err error) {
	data, err := readBounded(v.fs, cosignedFile, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return v.head.size, v.head.signed, nil
	}
	if err != nil {
		return 0, nil, err
	}
	c, err := proof.OpenCheckpoint(data, v.head.verifier, nil)
	if err != nil { // a quorum that is asked for is not there then
		v.leaveOut(cosignedFile, err)
		return v.head.size, v.head.signed, nil
	}
	if c.Size <= index || c.Size > v.head.size {
		return v.head.size, v.head.signed, nil
	}
	root, err := tlog.TreeHash(c.Size, v.tree)
	if err != nil {
		return 0, nil, err
	}
	if root != c.Root {
		return 0, nil, fmt.Errorf("%w: %s of %d leaves is not of a beginning of this log", ErrDamaged, cosignedFile, c.Size)
	}
	return c.Size, c.Signed, nil
}

// numbered is what ascends with the leaves of a kind; false for other leaves.
type numbered func(line []byte) (number uint64, ok bool)

func positionOf(line []byte) (uint64, bool) {
	l, ok := scanPayloadLeaf(line)
	return l.position, ok
}

// find looks for the leaf of a position.
func (v *view) find(position uint64) (index int64, line []byte, err error) {
	return v.search(positionOf, "position", position)
}

// search looks for the leaf of a kind that has a number. The way there is read without
// proof, as it is only a way: the bundle that it ends at is proved. Where it does not
// end, all of it is read again with proof.
func (v *view) search(of numbered, unit string, number uint64) (index int64, line []byte, err error) {
	if index, line, err = v.searchIn(of, unit, number, v.unproved); err == nil {
		leaves, err := v.bundle(index / tileWidth)
		if err == nil && bytes.Equal(leaves[index%tileWidth], line) {
			return index, line, nil
		}
	}
	return v.searchIn(of, unit, number, v.bundle)
}

// searchIn looks for it in bundles that are read in a way.
func (v *view) searchIn(of numbered, unit string, number uint64, read func(n int64) ([][]byte, error)) (index int64, line []byte, err error) {
	low, high := int64(0), (v.head.size+tileWidth-1)/tileWidth // bundles
	for low < high {
		middle := (low + high) / 2
		first, last, at, line, err := v.numbers(of, low, middle, number, read)
		if err != nil || line != nil {
			return at, line, err
		}
		switch {
		case first == 0: // other leaves only
			low = middle + 1
		case number < first:
			high = middle
		case number > last:
			low = middle + 1
		default:
			return 0, nil, fmt.Errorf("%w: a hole between %s %d and %d", ErrDamaged, unit, first, last)
		}
	}
	return 0, nil, fmt.Errorf("%w: %s %d", ErrNotFound, unit, number)
}

// numbers returns the first and the last number of the leaves of a kind under a tile
// or, if that has none, under the next one before it that has, down to low; and the
// leaf of a number if it is there. The first is 0 if there are none.
func (v *view) numbers(of numbered, low, middle int64, number uint64, read func(n int64) ([][]byte, error)) (first, last uint64, index int64, found []byte, err error) {
	for n := middle; n >= low && first == 0; n-- {
		leaves, err := read(n)
		if err != nil {
			return 0, 0, 0, nil, err
		}
		for i, line := range leaves {
			its, ok := of(line)
			if !ok {
				continue
			}
			if its == number {
				return 0, 0, n*tileWidth + int64(i), line, nil
			}
			if first == 0 {
				first = its
			}
			last = its
		}
	}
	return first, last, 0, nil, nil
}

// unproved returns the leaves under the nth tile as the file has them.
func (v *view) unproved(n int64) ([][]byte, error) {
	width := int(min(tileWidth, v.head.size-n*tileWidth))
	tile := tileAt(0, n, width)
	data, err := readBounded(v.fs, bundlePath(tile), maxBundle)
	if err != nil {
		return nil, err
	}
	leaves, err := decodeBundle(data, width)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, bundlePath(tile), err)
	}
	return leaves, nil
}

// eachLeaf hands out every leaf under the head in its order, each proved.
func (v *view) eachLeaf(ctx context.Context, use func(line []byte) error) error {
	for n := int64(0); n*tileWidth < v.head.size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := v.bundle(n)
		if err != nil {
			return err
		}
		for _, line := range leaves {
			if err := use(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// bundle returns the leaves under the nth tile, each proved to be in the tree.
func (v *view) bundle(n int64) ([][]byte, error) {
	leaves, err := v.unproved(n)
	if err != nil {
		return nil, err
	}
	width := len(leaves)
	tile := tileAt(0, n, width)
	indexes := make([]int64, width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, n*tileWidth+int64(i))
	}
	hashes, err := v.tree.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, tilePath(tile), err)
	}
	for i := range leaves {
		if tlog.RecordHash(leaves[i]) != hashes[i] {
			return nil, fmt.Errorf("%w: %s: leaf %d does not have its hash", ErrDamaged, bundlePath(tile), n*tileWidth+int64(i))
		}
	}
	return leaves, nil
}

// Consistency proves that an older checkpoint is of a beginning of the tree of a
// newer one; nil is the archive's present one, with its cosignatures where
// witnesses have cosigned it. The error is proof.ErrConsistency if it is not, and
// ErrNotFound if the archive does not reach to the newer one.
func (p *Prover) Consistency(ctx context.Context, older, newer []byte) (*proof.Consistency, error) {
	var bundle *proof.Consistency
	err := p.again(ctx, func(v *view) (err error) {
		bundle, err = v.consistency(older, newer)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	return bundle, nil
}

func (v *view) consistency(older, newer []byte) (*proof.Consistency, error) {
	if newer == nil {
		var err error
		if _, newer, err = v.cosigned(v.head.size - 1); err != nil {
			return nil, err
		}
	}
	from, err := proof.OpenCheckpoint(older, v.head.verifier, nil)
	if err != nil {
		return nil, fmt.Errorf("the older checkpoint: %w", err)
	}
	to, err := proof.OpenCheckpoint(newer, v.head.verifier, nil)
	if err != nil {
		return nil, fmt.Errorf("the newer checkpoint: %w", err)
	}
	if to.Size > v.head.size {
		return nil, fmt.Errorf("%w: the newer checkpoint has %d leaves, the archive %d: it was rolled back, or is not the newest copy", ErrNotFound, to.Size, v.head.size)
	}
	hashes, err := proveTree(from.Size, to.Size, v.tree)
	if err != nil {
		return nil, err
	}
	if err := proof.CheckConsistency(&from, &to, hashes); err != nil {
		return nil, err
	}
	stamped, err := v.stampedTree(newer, to.Size)
	return &proof.Consistency{Older: older, Newer: newer, Hashes: proof.FormatHashes(hashes), Stamped: stamped}, err
}

// proveTree proves that the tree of a size is the beginning of one of another
// size, both of them beginnings of the tree that is read.
func proveTree(older, newer int64, tree tlog.HashReader) (tlog.TreeProof, error) {
	if older <= 0 || older >= newer {
		return nil, nil
	}
	hashes, err := tlog.ProveTree(newer, older, tree)
	if err != nil {
		return nil, fmt.Errorf("prove that %d leaves are the beginning of %d: %w", older, newer, err)
	}
	return hashes, nil
}
