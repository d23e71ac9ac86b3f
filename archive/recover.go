package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/internal/durable"
)

// start loads the key and the state, and writes the first checkpoint of a new
// archive.
func (a *Archive) start() error {
	_, err := a.cfg.FS.Stat(a.file(checkpointFile))
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return fmt.Errorf("open archive: %w", err)
	}
	if a.id, err = loadIdentity(&a.cfg, isNew); err != nil {
		return err
	}
	if err := durable.WriteFile(a.cfg.FS, a.cfg.beside(".pub"), []byte(a.id.public+"\n"), 0o644); err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	if err := a.recover(); err != nil {
		return err
	}
	if err := a.finishDisposals(); err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	// After recover, so that a folder with another key is left as it is.
	if err := a.writeFile(PublicKeyFile, []byte(a.id.public+"\n")); err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	return nil
}

// recover finds out which checkpoint holds, after a crash or after a write whose
// success is not known, and brings the folder back to it.
func (a *Archive) recover() error {
	a.unsure = true
	a.book = nil
	clear(a.dirs)
	recorded, err := a.readCheckpoint(a.cfg.beside(".checkpoint"))
	if err != nil {
		return err
	}
	published, err := a.readCheckpoint(a.file(checkpointFile))
	if err != nil {
		return err
	}
	if recorded == nil && published == nil {
		if recorded, err = a.first(); err != nil {
			return err
		}
	}
	current := recorded
	if recorded == nil || published != nil && published.size > recorded.size {
		// The data directory is older than the archive, as after restoring it.
		// The archive's checkpoint has this key's signature, so it holds.
		current = published
	}
	if published != nil && published.size == current.size && published.root != current.root {
		return fmt.Errorf("%w: two checkpoints of size %d with different roots", ErrBehind, current.size)
	}
	loaded, err := a.load(current)
	if err != nil {
		if published == nil && current.size > 0 || published != nil && published.size < current.size {
			err = fmt.Errorf("%w: the folder's checkpoint does not reach size %d: %w", ErrBehind, current.size, err)
		}
		return err
	}
	// Written again even if both are there: one whose write was reported failed
	// may be visible and not on disk.
	if err := a.publish(*current); err != nil {
		return err
	}
	if err := a.clearIntent(current.size); err != nil {
		return err
	}
	a.adopt(loaded)
	a.unsure = false
	return nil
}

// first signs the checkpoint of the empty log.
func (a *Archive) first() (*checkpoint, error) {
	empty := &tree{}
	c, err := signCheckpoint(a.cfg.Origin, 0, empty.root(), a.id.signer)
	return &c, err
}

// readCheckpoint returns nil if there is no such file.
func (a *Archive) readCheckpoint(name string) (*checkpoint, error) {
	signed, err := durable.ReadFile(a.cfg.FS, name, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	c, err := openCheckpoint(signed, a.id.verifier)
	if err != nil {
		return nil, badCheckpoint(name, err)
	}
	return &c, nil
}

// badCheckpoint tells a checkpoint that another key has signed from a damaged one.
func badCheckpoint(name string, err error) error {
	var other *note.UnverifiedNoteError
	if errors.As(err, &other) {
		return fmt.Errorf("%w: %s: %w", ErrKey, name, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
}

// load reads the state of a checkpoint from the tiles and checks it against the
// root.
func (a *Archive) load(c *checkpoint) (state, error) {
	s := state{tree: &tree{size: c.size}, signed: c.signed}
	for _, tile := range partialTiles(c.size) {
		for len(s.tree.edge) <= tile.L {
			s.tree.edge = append(s.tree.edge, nil)
		}
		data, err := a.readLog(tilePath(tile), tileWidth*tlog.HashSize)
		if err != nil {
			return s, err
		}
		if s.tree.edge[tile.L], err = decodeTile(data, tile.W); err != nil {
			return s, fmt.Errorf("%w: %s: %w", ErrDamaged, tilePath(tile), err)
		}
	}
	if s.tree.root() != c.root {
		return s, fmt.Errorf("%w: size %d: %w", ErrDamaged, c.size, errRoot)
	}
	return s, a.loadLast(&s)
}

// loadLast reads the last entry bundle: the leaves to go on from, and the last
// position.
func (a *Archive) loadLast(s *state) error {
	if s.tree.size == 0 {
		return nil
	}
	n := (s.tree.size - 1) / tileWidth
	tile := tileAt(0, n, int(s.tree.size-n*tileWidth))
	leaves, err := a.bundleOf(s, n)
	if err != nil {
		return err
	}
	if _, ok := parseOwnLeaf(leaves[len(leaves)-1]); !ok {
		return fmt.Errorf("%w: %s: the last leaf is not an object's", ErrDamaged, bundlePath(tile))
	}
	if s.last, err = lastPosition(leaves, n, func(n int64) ([][]byte, error) { return a.bundleOf(s, n) }); err != nil {
		return err
	}
	if tile.W < tileWidth {
		s.bundle = leaves
	}
	return nil
}

// lastPosition returns the journal position that the log reaches, by the last leaf
// of an object of payloads in the nth bundle, or in one before it: data files may
// have come since. 0 if there is none.
func lastPosition(leaves [][]byte, n int64, bundle func(n int64) ([][]byte, error)) (uint64, error) {
	for {
		for _, line := range slices.Backward(leaves) {
			if o, ok := parseOwnLeaf(line); ok {
				if _, last, ok := parseObjectPath(o.Object); ok {
					return last, nil
				}
			}
		}
		if n--; n < 0 {
			return 0, nil
		}
		var err error
		if leaves, err = bundle(n); err != nil {
			return 0, err
		}
	}
}

// bundleOf returns the leaves under the nth tile of a state, each with its hash in
// the tree.
func (a *Archive) bundleOf(s *state, n int64) ([][]byte, error) {
	tile := tileAt(0, n, int(min(tileWidth, s.tree.size-n*tileWidth)))
	data, err := a.readLog(bundlePath(tile), maxBundle)
	if err != nil {
		return nil, err
	}
	leaves, err := decodeBundle(data, tile.W)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, bundlePath(tile), err)
	}
	hashes, err := a.leafHashes(s, tile)
	if err != nil {
		return nil, err
	}
	for i := range leaves {
		if tlog.RecordHash(leaves[i]) != hashes[i] {
			return nil, fmt.Errorf("%w: %s: leaf %d does not have its hash", ErrDamaged, bundlePath(tile), n*tileWidth+int64(i))
		}
	}
	return leaves, nil
}

// leafHashes returns the hashes of a tile of level 0, proved to be in the tree.
func (a *Archive) leafHashes(s *state, tile tlog.Tile) ([]tlog.Hash, error) {
	indexes := make([]int64, tile.W)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, tile.N*tileWidth+int64(i))
	}
	head := tlog.Tree{N: s.tree.size, Hash: s.tree.root()}
	hashes, err := tlog.TileHashReader(head, tileReader{read: a.readLog}).ReadHashes(indexes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, tilePath(tile), err)
	}
	return hashes, nil
}

func (a *Archive) readLog(name string, limit int64) ([]byte, error) {
	data, err := durable.ReadFile(a.cfg.FS, a.file(name), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return data, err
}

// clearIntent finishes or takes back the last growth.
func (a *Archive) clearIntent(size int64) error {
	for _, name := range []string{checkpointFile, cosignedFile, PublicKeyFile} {
		if err := durable.Remove(a.cfg.FS, durable.TempName(a.file(name))); err != nil {
			return err
		}
	}
	if err := a.clearDisposal(); err != nil {
		return err
	}
	if err := a.clearStamps(); err != nil {
		return err
	}
	text, err := durable.ReadFile(a.cfg.FS, a.cfg.beside(".intent"), maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var i intent
	if err := json.Unmarshal(text, &i); err != nil {
		return fmt.Errorf("read intent %s: %w", a.cfg.beside(".intent"), err)
	}
	switch {
	case i.OldSize < 0 || i.OldSize >= i.NewSize || i.NewSize-i.OldSize > 1<<32:
		return fmt.Errorf("read intent %s: sizes %d and %d", a.cfg.beside(".intent"), i.OldSize, i.NewSize)
	case i.NewSize == size:
		return a.clearSuperseded(i)
	case i.OldSize == size:
		return a.clearUnpublished(i)
	}
	return nil // of an older life of the data directory
}
