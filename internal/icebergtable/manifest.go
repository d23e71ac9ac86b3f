package icebergtable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"

	"github.com/apache/iceberg-go"
)

// entryWriter writes the entries of one manifest: iceberg-go's writer, or ours.
type entryWriter interface {
	Add(iceberg.ManifestEntry) error      // a file that the snapshot adds
	Existing(iceberg.ManifestEntry) error // a file that was there
	Delete(iceberg.ManifestEntry) error   // a file that the snapshot removes
	Close() error
	// ToManifestFile describes the manifest, which is closed.
	ToManifestFile(location string, length int64, options ...iceberg.ManifestFileOption) (iceberg.ManifestFile, error)
}

// newEntryWriter takes our own writer for tables of days, which all of Quoll's are.
func (k *known) newEntryWriter(to io.Writer, spec iceberg.PartitionSpec, schema *iceberg.Schema, snapshot int64) (entryWriter, error) {
	fields := spec.PartitionType(schema).FieldList
	if len(fields) != 1 || !fields[0].Type.Equals(iceberg.PrimitiveTypes.Date) {
		return iceberg.NewManifestWriter(FormatVersion, to, spec, schema, snapshot)
	}
	meta, err := k.manifestHeader(spec, schema)
	if err != nil {
		return nil, err
	}
	file, err := newAvroFile(to, meta)
	if err != nil {
		return nil, err
	}
	return &dayManifest{
		file: file, spec: spec.ID(), day: fields[0].ID, snapshot: snapshot,
		counts: map[iceberg.ManifestEntryStatus]fileCount{}, least: -1,
	}, nil
}

// manifestHeader returns the header of manifests, as iceberg-go writes it: making
// it anew, from the schema of a table of 150 columns, cost more than all the rest
// of a commit.
func (k *known) manifestHeader(spec iceberg.PartitionSpec, schema *iceberg.Schema) (map[string][]byte, error) {
	key := [2]int{spec.ID(), schema.ID}
	if has, ok := k.headers[key]; ok && has.schema == schema {
		return has.meta, nil
	}
	var sample bytes.Buffer
	if _, err := iceberg.NewManifestWriter(FormatVersion, &sample, spec, schema, 1); err != nil {
		return nil, err
	}
	meta, err := avroHeader(sample.Bytes())
	if err != nil {
		return nil, fmt.Errorf("header of manifests: %w", err)
	}
	k.headers[key] = header{schema, meta}
	return meta, nil
}

// dayManifest writes a manifest of data files that are partitioned by one day, in
// the order of fields that iceberg-go's schema has; a test compares the two.
type dayManifest struct {
	file     *avroFile
	spec     int
	day      int // the partition field's id
	snapshot int64

	counts      map[iceberg.ManifestEntryStatus]fileCount
	least       int64 // sequence number of a file that is there; -1 for none
	first, last *iceberg.Date
	dayless     bool // a file has no day
}

type fileCount struct {
	files int32
	rows  int64
}

// Add implements entryWriter.
func (w *dayManifest) Add(e iceberg.ManifestEntry) error {
	return w.entry(iceberg.EntryStatusADDED, w.snapshot, e.SequenceNum(), nil, e.DataFile())
}

// Delete implements entryWriter.
func (w *dayManifest) Delete(e iceberg.ManifestEntry) error {
	return w.entry(iceberg.EntryStatusDELETED, w.snapshot, e.SequenceNum(), e.FileSequenceNum(), e.DataFile())
}

// Existing implements entryWriter.
func (w *dayManifest) Existing(e iceberg.ManifestEntry) error {
	return w.entry(iceberg.EntryStatusEXISTING, e.SnapshotID(), e.SequenceNum(), e.FileSequenceNum(), e.DataFile())
}

// entry writes one. A sequence number of -1 is that of the commit, which is not
// known yet: readers take it from the list.
func (w *dayManifest) entry(status iceberg.ManifestEntryStatus, snapshot, sequence int64, fileSequence *int64, f iceberg.DataFile) error {
	if f.ContentType() != iceberg.EntryContentData {
		return fmt.Errorf("%s: %w", f.FilePath(), ErrDeleteFiles)
	}
	if sequence < 0 && status != iceberg.EntryStatusADDED {
		return fmt.Errorf("%s has no sequence number", f.FilePath())
	}
	day, there := f.Partition()[w.day].(iceberg.Date)
	if !there && f.Partition()[w.day] != nil {
		return fmt.Errorf("%s has a partition that is no day: %v", f.FilePath(), f.Partition()[w.day])
	}
	r := &w.file.block
	r.long(int64(status))
	r.present(true)
	r.long(snapshot)
	if r.present(sequence >= 0) {
		r.long(sequence)
	}
	r.optionalLong(fileSequence)
	appendDataFile(r, f)
	if r.present(there) {
		r.long(int64(day))
	}
	w.note(status, sequence, f.Count(), day, there)
	return w.file.end()
}

// appendDataFile writes a data file but its partition, which comes last.
func appendDataFile(r *avroRecord, f iceberg.DataFile) {
	r.long(int64(f.ContentType()))
	r.text(f.FilePath())
	r.text(string(f.FileFormat()))
	r.long(f.Count())
	r.long(f.FileSizeBytes())
	optionalMap(r, f.ColumnSizes(), r.long)
	optionalMap(r, f.ValueCounts(), r.long)
	optionalMap(r, f.NullValueCounts(), r.long)
	optionalMap(r, f.NaNValueCounts(), r.long)
	optionalMap(r, f.LowerBoundValues(), r.bytes)
	optionalMap(r, f.UpperBoundValues(), r.bytes)
	r.optionalBytes(f.KeyMetadata())
	optionalList(r, f.SplitOffsets(), r.long)
	optionalList(r, f.EqualityFieldIDs(), func(id int) { r.long(int64(id)) })
	order := f.SortOrderID()
	if r.present(order != nil) {
		r.long(int64(*order))
	}
}

// note counts an entry for the description of the manifest.
func (w *dayManifest) note(status iceberg.ManifestEntryStatus, sequence, rows int64, day iceberg.Date, there bool) {
	c := w.counts[status]
	w.counts[status] = fileCount{c.files + 1, c.rows + rows}
	if status != iceberg.EntryStatusDELETED && sequence >= 0 && (w.least < 0 || sequence < w.least) {
		w.least = sequence
	}
	switch {
	case !there:
		w.dayless = true
	case w.first == nil:
		w.first, w.last = &day, &day
	case day < *w.first:
		w.first = &day
	case day > *w.last:
		w.last = &day
	}
}

var errEmptyManifest = errors.New("a manifest without entries")

// Close implements entryWriter.
func (w *dayManifest) Close() error {
	if len(w.counts) == 0 {
		return errEmptyManifest
	}
	return w.file.close()
}

// ToManifestFile implements entryWriter.
func (w *dayManifest) ToManifestFile(location string, length int64, _ ...iceberg.ManifestFileOption) (iceberg.ManifestFile, error) {
	notNumbers := false
	days := iceberg.FieldSummary{ContainsNull: w.dayless, ContainsNaN: &notNumbers}
	if w.first != nil {
		days.LowerBound, days.UpperBound = dayBound(*w.first), dayBound(*w.last)
	}
	added, existing, deleted := w.counts[iceberg.EntryStatusADDED], w.counts[iceberg.EntryStatusEXISTING], w.counts[iceberg.EntryStatusDELETED]
	return iceberg.NewManifestFile(FormatVersion, location, length, int32(w.spec), w.snapshot).
		SequenceNum(-1, w.least).
		AddedFiles(added.files).ExistingFiles(existing.files).DeletedFiles(deleted.files).
		AddedRows(added.rows).ExistingRows(existing.rows).DeletedRows(deleted.rows).
		Partitions([]iceberg.FieldSummary{days}).Build(), nil
}

// dayBound is Iceberg's form of a day as a single value.
func dayBound(day iceberg.Date) *[]byte {
	bound := binary.LittleEndian.AppendUint32(nil, uint32(day))
	return &bound
}

// numbered returns what a list says of a manifest. One that the commit wrote has
// the commit's sequence number.
func numbered(m iceberg.ManifestFile, sequence int64) iceberg.ManifestFile {
	own, least := m.SequenceNum(), m.MinSequenceNum()
	if own >= 0 && least >= 0 {
		return m
	}
	if own < 0 {
		own = sequence
	}
	if least < 0 {
		least = sequence
	}
	return iceberg.NewManifestFile(FormatVersion, m.FilePath(), m.Length(), m.PartitionSpecID(), m.SnapshotID()).
		SequenceNum(own, least).Content(m.ManifestContent()).
		AddedFiles(m.AddedDataFiles()).ExistingFiles(m.ExistingDataFiles()).DeletedFiles(m.DeletedDataFiles()).
		AddedRows(m.AddedRows()).ExistingRows(m.ExistingRows()).DeletedRows(m.DeletedRows()).
		Partitions(m.Partitions()).KeyMetadata(m.KeyMetadata()).Build()
}

// writeList writes a manifest list.
func (k *known) writeList(to io.Writer, s *Snapshot, manifests []iceberg.ManifestFile) error {
	meta, err := k.listHeader(s)
	if err != nil {
		return err
	}
	file, err := newAvroFile(to, meta)
	if err != nil {
		return err
	}
	for _, m := range manifests {
		if m.Version() > FormatVersion {
			return fmt.Errorf("manifest %s has version %d", m.FilePath(), m.Version())
		}
		appendManifest(&file.block, m)
		if err := file.end(); err != nil {
			return err
		}
	}
	return file.close()
}

func appendManifest(r *avroRecord, m iceberg.ManifestFile) {
	r.text(m.FilePath())
	r.long(m.Length())
	r.long(int64(m.PartitionSpecID()))
	r.long(int64(m.ManifestContent()))
	r.long(m.SequenceNum())
	r.long(m.MinSequenceNum())
	r.long(m.SnapshotID())
	r.long(int64(m.AddedDataFiles()))
	r.long(int64(m.ExistingDataFiles()))
	r.long(int64(m.DeletedDataFiles()))
	optionalList(r, m.Partitions(), func(p iceberg.FieldSummary) {
		r.boolean(p.ContainsNull)
		if r.present(p.ContainsNaN != nil) {
			r.boolean(*p.ContainsNaN)
		}
		for _, bound := range []*[]byte{p.LowerBound, p.UpperBound} {
			if r.present(bound != nil) {
				r.bytes(*bound)
			}
		}
	})
	r.long(m.AddedRows())
	r.long(m.ExistingRows())
	r.long(m.DeletedRows())
	r.optionalBytes(m.KeyMetadata())
}

// listHeader returns the header of the list of a snapshot.
func (k *known) listHeader(s *Snapshot) (map[string][]byte, error) {
	if k.listMeta == nil {
		var sample bytes.Buffer
		if err := iceberg.WriteManifestList(FormatVersion, &sample, 1, nil, new(int64), 0, nil); err != nil {
			return nil, err
		}
		meta, err := avroHeader(sample.Bytes())
		if err != nil {
			return nil, fmt.Errorf("header of manifest lists: %w", err)
		}
		k.listMeta = meta
	}
	meta := maps.Clone(k.listMeta)
	parent := "null"
	if s.Parent != nil {
		parent = strconv.FormatInt(*s.Parent, 10)
	}
	meta["snapshot-id"] = strconv.AppendInt(nil, s.ID, 10)
	meta["sequence-number"] = strconv.AppendInt(nil, s.Sequence, 10)
	meta["parent-snapshot-id"] = []byte(parent)
	return meta, nil
}
