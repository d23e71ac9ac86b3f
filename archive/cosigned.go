package archive

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
)

// Checkpoint returns the present checkpoint as it is published.
func (a *Archive) Checkpoint() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return bytes.Clone(a.state.signed)
}

// Verifier returns the public key of the log.
func (a *Archive) Verifier() note.Verifier { return a.id.verifier }

// Consistency proves that the tree of a size is the beginning of that of another
// size, which is at most the present one, from the tiles as they are on disk. The
// error is ErrDamaged if those do not have the present root.
func (a *Archive) Consistency(older, newer int64) (tlog.TreeProof, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrClosed
	}
	present := a.state.tree
	if newer > present.size {
		return nil, fmt.Errorf("%w: a tree of %d leaves, there are %d", ErrNotFound, newer, present.size)
	}
	head := tlog.Tree{N: present.size, Hash: present.root()}
	hashes, err := proveTree(older, newer, tlog.TileHashReader(head, tileReader{read: a.readLog}))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return hashes, nil
}

// KeepCosigned publishes a checkpoint of this log, present or past, with the
// cosignatures of witnesses, in place of the one before.
func (a *Archive) KeepCosigned(signed []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	c, err := proof.OpenCheckpoint(signed, a.id.verifier, nil)
	if err != nil {
		return fmt.Errorf("publish cosigned checkpoint: %w", err)
	}
	if c.Size > a.state.tree.size || c.Unknown == 0 {
		return errors.New("publish cosigned checkpoint: it is not of this log's past, or nobody has cosigned it")
	}
	if err := a.writeFile(cosignedFile, signed); err != nil {
		return fmt.Errorf("publish cosigned checkpoint of size %d: %w", c.Size, err)
	}
	return nil
}
