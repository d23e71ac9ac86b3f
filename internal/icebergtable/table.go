package icebergtable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unique"

	"github.com/apache/iceberg-go"
)

// Files is where the files of a table lie. Locations are absolute URIs, as the
// metadata has them.
type Files interface {
	Open(location string) (io.ReadCloser, error)
	// WriteFile makes a new file of what fill writes. It is durable when
	// WriteFile returns nil, and nothing is at location when it fails.
	WriteFile(location string, fill func(io.Writer) error) error
	Remove(location string) error
}

// ErrDeleteFiles is returned for a table that another program wrote delete
// files to.
var ErrDeleteFiles = errors.New("the table has delete files, which another program wrote")

// Table is the state of a table that one metadata file describes. It is for one
// goroutine at a time, because it remembers what manifests hold: they do not
// change, so the tables that follow it by commits take that over.
type Table struct {
	files    Files
	meta     *Metadata
	location string // of the metadata file; that of before for a table that was moved
	known    *known
}

// known is what was read of manifest lists and manifests, by location.
type known struct {
	lists     map[string][]iceberg.ManifestFile
	dataFiles map[string][]string // locations of the files that a manifest says are there
	// headers are those of manifests, by the ids of spec and schema, listMeta that of
	// lists, without what differs from one to the next.
	headers  map[[2]int]header
	listMeta map[string][]byte
}

// header is that of manifests under a schema. A change that was discarded leaves the
// id of its schema to the next one.
type header struct {
	schema *iceberg.Schema
	meta   map[string][]byte
}

func newKnown() *known {
	return &known{lists: map[string][]iceberg.ManifestFile{}, dataFiles: map[string][]string{}, headers: map[[2]int]header{}}
}

// Load reads the table whose metadata file is at location.
func Load(files Files, location string) (*Table, error) {
	content, err := readAll(files, location)
	if err != nil {
		return nil, err
	}
	meta, err := Parse(content)
	if err != nil {
		return nil, err
	}
	return Of(files, meta, location), nil
}

// Of returns the table that meta describes. The file at location has it, or the
// state before it.
func Of(files Files, meta *Metadata, location string) *Table {
	return &Table{files, meta, location, newKnown()}
}

func readAll(files Files, location string) ([]byte, error) {
	f, err := files.Open(location)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}

// Metadata returns the state of the table. It is not changed.
func (t *Table) Metadata() *Metadata { return t.meta }

// MetadataLocation returns where the metadata file lies.
func (t *Table) MetadataLocation() string { return t.location }

// Location returns the folder of the table.
func (t *Table) Location() string { return t.meta.Location }

// Current returns the current snapshot, nil if there is none.
func (t *Table) Current() *Snapshot { return t.meta.Current() }

// Schema returns the current schema.
func (t *Table) Schema() *iceberg.Schema {
	schema, err := t.meta.schema()
	if err != nil {
		panic(err) // Parse has looked
	}
	return schema
}

// Spec returns the partition spec of new files.
func (t *Table) Spec() iceberg.PartitionSpec {
	spec, err := t.meta.spec(t.meta.DefaultSpec)
	if err != nil {
		panic(err) // Parse has looked
	}
	return spec
}

// Manifests returns the manifests of a snapshot.
func (t *Table) Manifests(s *Snapshot) ([]iceberg.ManifestFile, error) {
	if list, ok := t.known.lists[s.ManifestList]; ok {
		return list, nil
	}
	f, err := t.files.Open(s.ManifestList)
	if err != nil {
		return nil, fmt.Errorf("manifest list: %w", err)
	}
	list, err := iceberg.ReadManifestList(bufio.NewReader(f))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("manifest list %s: %w", s.ManifestList, err)
	}
	for _, m := range list {
		if m.ManifestContent() != iceberg.ManifestContentData {
			return nil, fmt.Errorf("manifest %s: %w", m.FilePath(), ErrDeleteFiles)
		}
	}
	t.known.lists[s.ManifestList] = list
	return list, nil
}

// Entries calls visit with each data file that a manifest says is there.
func (t *Table) Entries(m iceberg.ManifestFile, visit func(iceberg.ManifestEntry) error) error {
	f, err := t.files.Open(m.FilePath())
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	defer f.Close()
	reader, err := iceberg.NewManifestReader(m, bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("manifest %s: %w", m.FilePath(), err)
	}
	defer reader.Close()
	var locations []string
	for {
		entry, err := reader.ReadEntry()
		if errors.Is(err, io.EOF) {
			t.known.dataFiles[m.FilePath()] = locations
			return nil
		}
		if err != nil {
			return fmt.Errorf("manifest %s: %w", m.FilePath(), err)
		}
		if entry.Status() == iceberg.EntryStatusDELETED {
			continue // it is the business of the snapshot that removed it
		}
		locations = append(locations, shared(entry.DataFile().FilePath()))
		if err := visit(entry); err != nil {
			return err
		}
	}
}

// shared returns the same memory for the same location: many manifests name
// the same files.
func shared(location string) string { return unique.Make(location).Value() }

// dataFiles returns the locations of the data files that a manifest says are
// there.
func (t *Table) dataFiles(m iceberg.ManifestFile) ([]string, error) {
	if locations, ok := t.known.dataFiles[m.FilePath()]; ok {
		return locations, nil
	}
	if err := t.Entries(m, func(iceberg.ManifestEntry) error { return nil }); err != nil {
		return nil, err
	}
	return t.known.dataFiles[m.FilePath()], nil
}

// DataFiles calls visit with each data file of the current snapshot.
func (t *Table) DataFiles(visit func(iceberg.DataFile) error) error {
	current := t.Current()
	if current == nil {
		return nil
	}
	manifests, err := t.Manifests(current)
	if err != nil {
		return err
	}
	for _, m := range manifests {
		if err := t.Entries(m, func(e iceberg.ManifestEntry) error { return visit(e.DataFile()) }); err != nil {
			return err
		}
	}
	return nil
}

// Referenced returns the locations of all files that the table needs: metadata
// files, manifest lists, manifests, data files of every snapshot, statistics.
func (t *Table) Referenced() (map[string]bool, error) {
	all := map[string]bool{t.location: true}
	for _, entry := range t.meta.MetadataLog {
		all[entry.Location] = true
	}
	for _, statistics := range [][]Statistics{t.meta.Statistics, t.meta.PartitionStatistics} {
		for _, s := range statistics {
			all[s.Location] = true
		}
	}
	for i := range t.meta.Snapshots {
		s := &t.meta.Snapshots[i]
		all[s.ManifestList] = true
		manifests, err := t.Manifests(s)
		if err != nil {
			return nil, fmt.Errorf("snapshot %d: %w", s.ID, err)
		}
		for _, m := range manifests {
			if all[m.FilePath()] {
				continue
			}
			all[m.FilePath()] = true
			locations, err := t.dataFiles(m)
			if err != nil {
				return nil, err
			}
			for _, location := range locations {
				all[location] = true
			}
		}
	}
	t.forget(all)
	return all, nil
}

// forget drops what is known of files that the table does not need any more.
func (t *Table) forget(needed map[string]bool) {
	for location := range t.known.lists {
		if !needed[location] {
			delete(t.known.lists, location)
		}
	}
	for location := range t.known.dataFiles {
		if !needed[location] {
			delete(t.known.dataFiles, location)
		}
	}
}
