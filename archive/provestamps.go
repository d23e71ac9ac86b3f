package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/timestamp"
)

// stamped proves a leaf under the first checkpoint with it that has time stamps, which
// says best when it was there already; nil if none has.
func (v *view) stamped(index int64) (*proof.Stamped, error) {
	size, stamps, err := v.firstStamped(index)
	if err != nil || len(stamps) == 0 {
		return nil, err
	}
	name := stampedCheckpointPath(size)
	signed, err := readBounded(v.fs, name, maxCheckpoint)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c, err := openCheckpoint(signed, v.head.verifier)
	if err == nil && c.size != size {
		err = fmt.Errorf("it is of %d leaves", c.size)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	root, err := tlog.TreeHash(size, v.tree)
	if err == nil && root != c.root {
		err = errors.New("it is not of a beginning of this log")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	inclusion, err := v.includedIn(size, signed, index)
	if err != nil {
		return nil, err
	}
	found := &proof.Stamped{Proof: inclusion.Encode()}
	for _, authority := range stamps {
		token, err := readBounded(v.fs, stampPath(size, authority), timestamp.MaxStamp)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		found.Stamps = append(found.Stamps, proof.StampFile{Authority: authority, Token: token})
	}
	return found, found.Whole()
}

// firstStamped returns the least size of a checkpoint that has time stamps and a leaf,
// with the names of those who have stamped it.
func (v *view) firstStamped(index int64) (size int64, authorities []string, err error) {
	entries, err := fs.ReadDir(v.fs, stampsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("look for time stamps: %w", err)
	}
	for _, e := range entries {
		of, authority, ok := parseStampPath(stampsDir + "/" + e.Name())
		if !ok || authority == "" || of <= index || of > v.head.size || size > 0 && of > size {
			continue
		}
		if of != size {
			size, authorities = of, nil
		}
		authorities = append(authorities, authority)
	}
	slices.Sort(authorities)
	if len(authorities) > proof.MaxStamps {
		authorities = authorities[:proof.MaxStamps]
	}
	return size, authorities, nil
}
