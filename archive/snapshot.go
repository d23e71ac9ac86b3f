package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
)

// Snapshot is an archive as one checkpoint has it. It stays readable while batches
// are sealed: full tiles and objects never change, and the edge is kept here.
type Snapshot struct {
	v        *view
	edge     map[string][]byte // the files of the head
	disposed map[string]string // objects that need not be there, with their certificate's file
	orders   []*Disposal       // the certificates, by sequence
	erased   map[string]*erasedState
}

// Snapshot returns the archive as its present checkpoint has it.
func (p *Prover) Snapshot(ctx context.Context) (*Snapshot, error) {
	// Read before the head, so that the head has each of them under it.
	certificates, err := readCertificates(p.fs)
	if err != nil {
		return nil, fmt.Errorf("read certificates of disposal: %w", err)
	}
	var s *Snapshot
	err = p.again(ctx, func(v *view) (err error) {
		s, err = v.snapshot(certificates, p.key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the head of the archive: %w", err)
	}
	return s, nil
}

func (v *view) snapshot(certificates map[string][]byte, key string) (*Snapshot, error) {
	edge, disposed := map[string][]byte{checkpointFile: v.head.signed}, map[string]string{}
	var orders []*Disposal
	for _, name := range sortedKeys(certificates) {
		signed := certificates[name]
		d, err := OpenDisposal(signed, key)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
		}
		for _, o := range d.Objects {
			disposed[o.Object] = name
		}
		orders = append(orders, d)
		edge[name] = signed
	}
	for _, tile := range partialTiles(v.head.size) {
		for _, name := range logPaths(tile) {
			data, err := readBounded(v.fs, name, maxBundle)
			if err != nil {
				return nil, err
			}
			edge[name] = data
		}
	}
	var err error
	if edge[PublicKeyFile], err = readBounded(v.fs, PublicKeyFile, maxKeyFile); err != nil {
		return nil, err
	}
	if err := v.keepCosigned(edge); err != nil {
		return nil, err
	}
	// Objects are copied as they are stored: encrypted ones stay so.
	s := &Snapshot{v: newView(pinned{stored(v.fs), edge}, v.head), edge: edge, disposed: disposed, orders: orders, erased: erasedStates(orders)}
	if v.head.size%tileWidth != 0 { // proves the edge
		_, err = s.v.bundle(v.head.size / tileWidth)
	}
	return s, err
}

// keepCosigned takes what witnesses have cosigned, if it is of this log's past: a
// later one goes with a later checkpoint.
func (v *view) keepCosigned(edge map[string][]byte) error {
	data, err := readBounded(v.fs, cosignedFile, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := proof.OpenCheckpoint(data, v.head.verifier, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", cosignedFile, err)
	}
	if c.Size <= v.head.size {
		edge[cosignedFile] = data
	}
	return nil
}

// pinned is a folder some of whose files are kept.
type pinned struct {
	fs.FS
	files map[string][]byte
}

// Open implements fs.FS.
func (p pinned) Open(name string) (fs.File, error) {
	if data, ok := p.files[name]; ok {
		return &memoryFile{Reader: bytes.NewReader(data), name: name}, nil
	}
	return p.FS.Open(name)
}

// Size returns the number of leaves, and Root the hash over them.
func (s *Snapshot) Size() int64 { return s.v.head.size }

// Root returns the Merkle tree hash over all leaves.
func (s *Snapshot) Root() tlog.Hash { return s.v.head.root }

// RootAt returns the hash over the first leaves, which are not more than Size.
func (s *Snapshot) RootAt(size int64) (tlog.Hash, error) {
	if size == 0 {
		return (&tree{}).root(), nil
	}
	hash, err := tlog.TreeHash(size, s.v.tree)
	if err != nil {
		return hash, fmt.Errorf("%w: the root of %d leaves: %w", ErrDamaged, size, err)
	}
	return hash, nil
}

// Head returns the head of a copy of all this, and how far witnesses have cosigned
// it.
func (s *Snapshot) Head() (data []byte, cosigned int64, err error) {
	if signed := s.edge[cosignedFile]; signed != nil {
		c, err := proof.OpenCheckpoint(signed, s.v.head.verifier, nil)
		if err != nil {
			return nil, 0, err
		}
		cosigned = c.Size
	}
	data, err = encodeHead(s.edge)
	return data, cosigned, err
}

// SealedObject is an object of the log.
type SealedObject struct {
	ObjectLeaf
	// Received is when the first of its payloads was, or when the archive met the
	// first of its data files.
	Received time.Time
	// End is the size of the log with it.
	End int64
	// Stamps are the time stamps that its payloads promise.
	Stamps []StampFiles
}

// Sealed hands over the objects from a size of the log on, which is 0 or the End
// of one, in the order of the log. Their leaves are proved.
func (s *Snapshot) Sealed(ctx context.Context, from int64, use func(SealedObject) error) error {
	var sealed SealedObject
	log := logID(s.v.head.verifier)
	for n := from / tileWidth; n*tileWidth < s.Size(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := s.v.bundle(n)
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		for i, line := range leaves {
			index := n*tileWidth + int64(i)
			if index < from {
				continue
			}
			if _, ok := scanPayloadLeaf(line); ok {
				if sealed.Received.IsZero() {
					sealed.Received = receivedOf(line)
				}
				sealed.promises(line, log)
				continue
			}
			if e, ok := parseRows(line); ok {
				if sealed.Received.IsZero() {
					sealed.Received = e.seen()
				}
				continue
			}
			o, ok := parseOwnLeaf(line)
			if !ok {
				continue // of a kind that has no file
			}
			if _, _, _, ok := parseStoredPath(o.Object); !ok {
				return fmt.Errorf("read archive: %w: the log names an object %q", ErrDamaged, o.Object)
			}
			sealed.ObjectLeaf, sealed.End = o, index+1
			if err := use(sealed); err != nil {
				return err
			}
			sealed = SealedObject{}
		}
	}
	return nil
}

// receivedOf is the time in a payload's leaf; the zero time if it has none.
func receivedOf(line []byte) time.Time {
	l, _ := parsePayloadLeaf(line)
	at, _ := time.Parse(time.RFC3339Nano, l.Received)
	return at
}

// Object returns the file of an object, if its bytes are those that the log says. The
// error is ErrDisposed if a certificate in the head says that it went, and
// ErrDisposedMeanwhile if one does that came after the snapshot.
func (s *Snapshot) Object(o ObjectLeaf) ([]byte, error) {
	data, err := readBounded(s.v.fs, o.Object, o.Size)
	if errors.Is(err, fs.ErrNotExist) {
		if certificate, ok := s.disposed[o.Object]; ok {
			return nil, fmt.Errorf("%w: %s, by certificate %s", ErrDisposed, o.Object, certificate)
		}
		if e, ok := s.erased[o.Object]; ok {
			return nil, fmt.Errorf("%w: from %s, by certificate %s", ErrErased, o.Object, e.certificate)
		}
		if now, readErr := certificateNames(s.v.fs); readErr == nil && len(now) > s.Orders() {
			return nil, fmt.Errorf("%w: %s", ErrDisposedMeanwhile, o.Object)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != o.SHA256 {
		return nil, fmt.Errorf("%w: %s is not what the log says", ErrDamaged, o.Object)
	}
	return data, nil
}

// Orders is how many certificates of disposal and erasure the head has.
func (s *Snapshot) Orders() int { return len(s.orders) }

// Order says what a copy has to do by the certificate of a sequence, from 1: files
// that it must have, which stand for objects, and files that it should have no more.
func (s *Snapshot) Order(sequence int) (stand []ErasedObject, stale []string) {
	d := s.orders[sequence-1]
	for _, o := range d.Objects {
		stale = append(stale, o.Object)
		if e := s.erased[o.Object]; e != nil {
			for _, before := range append(slices.Clone(e.earlier), e.ErasedObject) {
				stale = append(stale, before.File)
			}
		}
	}
	for _, e := range d.Erased {
		state := s.erased[e.Object.Object]
		if _, disposed := s.disposed[e.Object.Object]; !disposed && state.File == e.File {
			stand = append(stand, e)
		}
		stale = append(stale, e.Object.Object)
		for _, before := range state.earlier {
			stale = append(stale, before.File)
		}
	}
	return stand, stale
}

// StandIn returns the file that stands for an object, if it is what its certificate
// says.
func (s *Snapshot) StandIn(e ErasedObject) ([]byte, error) {
	data, err := readBounded(s.v.fs, e.File, e.Size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != e.SHA256 {
		return nil, fmt.Errorf("%w: %s is not what its certificate says", ErrDamaged, e.File)
	}
	return data, nil
}

// Tiles returns the files of the log that are full in a tree of a size and were
// not in one of a smaller size.
func (s *Snapshot) Tiles(from, to int64) []string {
	var names []string
	for _, tile := range tlog.NewTiles(tileHeight, from, to) {
		if tile.W == tileWidth {
			names = append(names, logPaths(tile)...)
		}
	}
	return names
}

// Tile returns one of the files that Tiles names, made from what is proved to be
// in the log.
func (s *Snapshot) Tile(name string) ([]byte, error) {
	tile, ok := parseTilePath(name)
	if !ok || tile.W != tileWidth || tileEnd(tile) > s.Size() {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if tile.L < 0 {
		leaves, err := s.v.bundle(tile.N)
		if err != nil {
			return nil, err
		}
		return encodeBundle(leaves), nil
	}
	indexes := make([]int64, tileWidth)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(tileHeight*tile.L, tile.N*tileWidth+int64(i))
	}
	hashes, err := s.v.tree.ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	return encodeTile(hashes), nil
}
