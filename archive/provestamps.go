package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
)

// stampedHead is a checkpoint of a beginning of the log, and the stamps over it.
type stampedHead struct {
	signed []byte
	size   int64
	stamps []proof.StampFile
}

// stamped proves a leaf under the first checkpoint with it that has time stamps, which
// says best when it was there already; nil if none has.
func (v *view) stamped(index int64) (*proof.Stamped, error) {
	head, err := v.firstStamped(index + 1)
	if err != nil || head == nil {
		return nil, err
	}
	inclusion, err := v.includedIn(head.size, head.signed, index)
	if err != nil {
		return nil, err
	}
	return &proof.Stamped{Proof: inclusion.Encode(), Stamps: head.stamps}, nil
}

// StampedTree proves, for what is proved under a checkpoint of a beginning of the log by
// leaves before least, that these were there when the first checkpoint with all of them
// was stamped; nil if none is.
func (p *Prover) StampedTree(ctx context.Context, checkpoint []byte, least int64) (*proof.StampedTree, error) {
	var found *proof.StampedTree
	err := p.again(ctx, func(v *view) (err error) {
		found, err = v.stampedTree(checkpoint, least)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove since when it was there: %w", err)
	}
	return found, nil
}

func (v *view) stampedTree(checkpoint []byte, least int64) (*proof.StampedTree, error) {
	under, err := proof.OpenCheckpoint(checkpoint, v.head.verifier, nil)
	if err != nil {
		return nil, err
	}
	head, err := v.firstStamped(least)
	if err != nil || head == nil {
		return nil, err
	}
	hashes, err := proveTree(min(head.size, under.Size), max(head.size, under.Size), v.tree)
	if err != nil {
		return nil, err
	}
	return &proof.StampedTree{Checkpoint: head.signed, Hashes: proof.FormatHashes(hashes), Stamps: head.stamps}, nil
}

// firstStamped returns the checkpoint of the fewest leaves, at least so many, with a
// stamp that holds; nil if there is none. A damaged stamp or checkpoint is told of and
// left out: a proof without a stamp says less, and nothing that is wrong.
func (v *view) firstStamped(least int64) (*stampedHead, error) {
	entries, err := fs.ReadDir(v.fs, stampsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for time stamps: %w", err)
	}
	authorities := map[int64][]string{}
	for _, e := range entries {
		size, authority, ok := parseStampPath(stampsDir + "/" + e.Name())
		if ok && authority != "" && size >= least && size <= v.head.size {
			authorities[size] = append(authorities[size], authority)
		}
	}
	for _, size := range slices.Sorted(maps.Keys(authorities)) {
		head, err := v.stampedAt(size)
		if err != nil {
			v.leaveOut(stampedCheckpointPath(size), err)
			continue
		}
		for _, authority := range slices.Sorted(slices.Values(authorities[size])) {
			token, err := v.stampOver(head, authority)
			switch {
			case err != nil:
				v.leaveOut(stampPath(size, authority), err)
			case len(head.stamps) < proof.MaxStamps:
				head.stamps = append(head.stamps, proof.StampFile{Authority: authority, Token: token})
			}
		}
		if len(head.stamps) > 0 {
			return head, nil
		}
	}
	return nil, nil
}

// stampedAt reads the checkpoint of a size that stamps are over.
func (v *view) stampedAt(size int64) (*stampedHead, error) {
	signed, err := readBounded(v.fs, stampedCheckpointPath(size), maxCheckpoint)
	if err != nil {
		return nil, err
	}
	c, err := openCheckpoint(signed, v.head.verifier)
	if err != nil {
		return nil, err
	}
	if c.size != size {
		return nil, fmt.Errorf("it is of %d leaves", c.size)
	}
	root, err := tlog.TreeHash(size, v.tree)
	if err != nil {
		return nil, err
	}
	if root != c.root {
		return nil, errors.New("it is not of a beginning of this log")
	}
	return &stampedHead{signed: signed, size: size}, nil
}

func (v *view) stampOver(head *stampedHead, authority string) ([]byte, error) {
	token, err := readBounded(v.fs, stampPath(head.size, authority), timestamp.MaxStamp)
	if err != nil {
		return nil, err
	}
	stamp, err := timestamp.Open(token)
	if err != nil {
		return nil, err
	}
	return token, stamp.Over(head.signed)
}

// leaveOut tells of a file that a proof does without.
func (v *view) leaveOut(name string, err error) {
	if v.warn != nil {
		v.warn(fmt.Sprintf("%s is damaged, and the proof is made without it: %v. Run quoll archive verify, and put the file back from a copy of the archive", name, err))
	}
}
