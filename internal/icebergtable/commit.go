package icebergtable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Before returns where the metadata file lies that the next state follows.
func (p *Pending) Before() string { return p.before }

// Write makes the metadata file of the next state and returns where it lies. The
// table is in that state once its catalogue points there.
func (p *Pending) Write() (location string, err error) {
	return p.next.write(VersionOf(p.before)+1, &p.written)
}

// Create makes the metadata file of a new table and returns where it lies.
func Create(files Files, meta *Metadata) (location string, err error) {
	return Of(files, meta, "").write(0, &[]string{})
}

func (t *Table) write(version int, written *[]string) (location string, err error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("name table metadata: %w", err)
	}
	content, err := t.meta.Encode()
	if err != nil {
		return "", fmt.Errorf("encode table metadata: %w", err)
	}
	location = fmt.Sprintf("%s/metadata/%05d-%s.metadata.json", t.meta.Location, version, id)
	err = t.files.WriteFile(location, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("write table metadata: %w", err)
	}
	t.location = location
	*written = append(*written, location)
	return location, nil
}

// VersionOf reads the number at the start of the name of a metadata file; -1 if
// there is none.
func VersionOf(location string) int {
	base := location[strings.LastIndexByte(location, '/')+1:]
	number, _, _ := strings.Cut(base, "-")
	version, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return version
}

// Committed returns the table in its new state, after the catalogue was changed,
// and removes the metadata files that are too old to be kept. That one is not
// there any more, or stays, is no harm.
func (p *Pending) Committed() (*Table, error) {
	return p.next, remove(p.next.files, p.outdated)
}

// Discard removes what was written for a state that the table never had.
func (p *Pending) Discard() error { return remove(p.next.files, p.written) }

func remove(files Files, locations []string) error {
	var failed error
	for _, location := range locations {
		if err := files.Remove(location); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
