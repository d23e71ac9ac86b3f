package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

// certificates say of an object that is not there what became of it, by the
// certificates of disposal in a folder. Those are read again where there are others
// than before: none ever changes under its name, and there may be many objects.
type certificates struct {
	fs  fs.FS
	key string // of the verifier

	mu       sync.Mutex
	names    []string                // of those that were read
	disposed map[string]int          // by object, the sequence of the certificate
	erased   map[string]*erasedState // by object
}

// of returns the sequence of the certificate by which an object was disposed of, or 0;
// and what stands for it, or nil.
func (c *certificates) of(object string) (sequence int, erased *erasedState, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.read(); err != nil {
		return 0, nil, err
	}
	return c.disposed[object], c.erased[object], nil
}

func (c *certificates) read() error {
	names, err := certificateNames(c.fs)
	if err != nil || c.disposed != nil && slices.Equal(names, c.names) {
		return err
	}
	all, err := disposals(c.fs, c.key)
	if err != nil {
		return err
	}
	c.names, c.disposed, c.erased = names, map[string]int{}, erasedStates(all)
	for _, d := range slices.Backward(all) { // the first counts
		for _, o := range d.Objects {
			c.disposed[o.Object] = d.Sequence
		}
	}
	return nil
}

// disposals returns the certificates of an archive by sequence, as far as they are
// good: what is wrong with one is for Verify to say.
func disposals(fsys fs.FS, verifierKey string) ([]*Disposal, error) {
	certificates, err := readCertificates(fsys)
	var all []*Disposal
	for _, name := range sortedKeys(certificates) {
		d, err := OpenDisposal(certificates[name], verifierKey)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, err
}

// readCertificates returns the certificates of disposal as they are, by file.
func readCertificates(fsys fs.FS) (map[string][]byte, error) {
	names, err := certificateNames(fsys)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, name := range names {
		if all[name], err = readBounded(fsys, name, maxDisposal); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func certificateNames(fsys fs.FS) (names []string, err error) {
	entries, err := fs.ReadDir(fsys, disposedDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		name := disposedDir + "/" + e.Name()
		if _, ok := parseDisposalPath(name); ok {
			names = append(names, name)
		}
	}
	return names, err
}
