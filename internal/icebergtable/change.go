package icebergtable

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"
)

// Operations of a snapshot, in Iceberg's words.
const (
	Append    = "append"    // files were added
	Replace   = "replace"   // the rows are the same in other files
	Overwrite = "overwrite" // files were added and removed, and rows with them
	Delete    = "delete"    // files were removed, and rows with them
)

const (
	// manyManifests is how many manifests of a snapshot are too many: small ones
	// are merged then.
	manyManifests = 16
	// largeManifest is the size in bytes from which a manifest is not merged.
	largeManifest = 8 << 20
	// keptMetadata is how many metadata files of before are kept.
	keptMetadata = 10
)

// Change is what the next state of a table differs by.
type Change struct {
	// Operation is empty if there is no new snapshot.
	Operation string
	Added     []iceberg.DataFile
	Removed   []string // locations of data files
	// Summary is further properties of the snapshot.
	Summary map[string]string
	// Schema replaces the current schema unless it is nil. Its id is given by
	// the table.
	Schema *iceberg.Schema
	Expire Expiry
}

// Pending is the next state of a table, whose manifests are written.
type Pending struct {
	next     *Table
	before   string   // where the metadata file of the present state lies
	written  []string // locations of what was written for it
	outdated []string // metadata files that the log let go of
}

// Prepare writes what the next state of the table needs beside its metadata
// file. Times of a table never go back, even if the clock does: a snapshot is
// not older than the one before it.
func (t *Table) Prepare(c *Change, now time.Time) (*Pending, error) {
	commit, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("name a commit: %w", err)
	}
	meta := t.meta.clone()
	meta.LastUpdated = max(now.UnixMilli(), t.meta.LastUpdated)
	p := &Pending{next: &Table{t.files, meta, "", t.known}, before: t.location}
	if c.Schema != nil {
		if err := meta.evolve(c.Schema); err != nil {
			return nil, err
		}
	}
	if c.Operation != "" {
		w := &snapshotWriter{table: t, pending: p, change: c, commit: commit}
		if err := w.write(); err != nil {
			return nil, errors.Join(err, p.Discard())
		}
	}
	meta.expire(c.Expire, now)
	p.outdated = meta.logMetadata(t.meta.LastUpdated, t.location)
	return p, nil
}

// evolve makes schema the current one.
func (m *Metadata) evolve(schema *iceberg.Schema) error {
	id := 0
	for _, s := range m.Schemas {
		id = max(id, s.ID+1)
	}
	m.Schemas = append(m.Schemas, iceberg.NewSchema(id, schema.Fields()...))
	m.CurrentSchema = id
	m.LastColumn = max(m.LastColumn, schema.HighestFieldID())
	return m.mapNames()
}

// logMetadata notes the metadata file of the state before and returns those
// that are too old to be kept. The file of a table that was moved stays where it
// was and is none of this table's.
func (m *Metadata) logMetadata(updated int64, location string) (outdated []string) {
	if !strings.HasPrefix(location, m.Location+"/") {
		return nil
	}
	m.MetadataLog = append(m.MetadataLog, MetadataLogEntry{updated, location})
	many := max(0, len(m.MetadataLog)-keptMetadata)
	for _, entry := range m.MetadataLog[:many] {
		outdated = append(outdated, entry.Location)
	}
	m.MetadataLog = m.MetadataLog[many:]
	return outdated
}

// snapshotWriter makes one snapshot.
type snapshotWriter struct {
	table   *Table
	pending *Pending
	change  *Change
	commit  uuid.UUID

	id        int64
	manifests int // written
	removed   []iceberg.DataFile
}

func (w *snapshotWriter) write() error {
	meta, parent := w.pending.next.meta, w.table.Current()
	var err error
	if w.id, err = newSnapshotID(meta); err != nil {
		return err
	}
	meta.LastSequence++
	manifests, err := w.inherited(parent)
	if err != nil {
		return err
	}
	if len(manifests) >= manyManifests {
		if manifests, err = w.merge(manifests); err != nil {
			return err
		}
	}
	if len(w.change.Added) > 0 {
		added, err := w.manifest(meta.DefaultSpec, func(to *manifestWriter) error {
			for _, f := range w.change.Added {
				if err := to.add(iceberg.NewManifestEntry(iceberg.EntryStatusADDED, &w.id, nil, nil, f)); err != nil {
					return fmt.Errorf("add %s: %w", f.FilePath(), err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		manifests = append([]iceberg.ManifestFile{added}, manifests...)
	}
	s := Snapshot{ID: w.id, Sequence: meta.LastSequence, Time: meta.LastUpdated, Summary: w.summary(parent), Schema: &meta.CurrentSchema}
	if parent != nil {
		s.Parent = &parent.ID
	}
	s.ManifestList = w.location(fmt.Sprintf("snap-%d-1-%s.avro", s.ID, w.commit))
	for i, m := range manifests {
		manifests[i] = numbered(m, s.Sequence)
	}
	err = w.create(s.ManifestList, func(to io.Writer) error { return w.table.known.writeList(to, &s, manifests) })
	if err != nil {
		return fmt.Errorf("manifest list: %w", err)
	}
	w.table.known.lists[s.ManifestList] = manifests
	meta.add(s)
	return nil
}

// newSnapshotID returns a number that no snapshot has.
func newSnapshotID(m *Metadata) (int64, error) {
	for {
		var random [8]byte
		if _, err := rand.Read(random[:]); err != nil {
			return 0, fmt.Errorf("number a snapshot: %w", err)
		}
		if id := int64(binary.BigEndian.Uint64(random[:]) >> 1); id > 0 && m.Snapshot(id) == nil {
			return id, nil
		}
	}
}

// add makes s the current snapshot.
func (m *Metadata) add(s Snapshot) {
	m.Snapshots = append(m.Snapshots, s)
	m.CurrentSnapshot = &s.ID
	m.SnapshotLog = append(m.SnapshotLog, SnapshotLogEntry{s.Time, s.ID})
	if m.Refs == nil {
		m.Refs = map[string]Reference{}
	}
	main := m.Refs[MainBranch]
	main.Snapshot, main.Type = s.ID, "branch"
	m.Refs[MainBranch] = main
}

// inherited returns the manifests of the snapshot before without the files that
// are removed. A manifest without any file is left out: it said which files its
// own snapshot had removed.
func (w *snapshotWriter) inherited(parent *Snapshot) ([]iceberg.ManifestFile, error) {
	missing := map[string]bool{}
	for _, location := range w.change.Removed {
		missing[location] = true
	}
	var kept []iceberg.ManifestFile
	if parent != nil {
		all, err := w.table.Manifests(parent)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			if m, err = w.without(m, missing); err != nil {
				return nil, err
			}
			if m.HasAddedFiles() || m.HasExistingFiles() || m.SnapshotID() == w.id {
				kept = append(kept, m)
			}
		}
	}
	for location := range missing {
		return nil, fmt.Errorf("file %s is not in the table", location)
	}
	return kept, nil
}

// without returns m, or a manifest in its place if it has files that are gone.
// What it finds it takes out of gone.
func (w *snapshotWriter) without(m iceberg.ManifestFile, gone map[string]bool) (iceberg.ManifestFile, error) {
	// What earlier snapshots removed has its bounds in manifests of before December 2026.
	tells := w.change.Expire.Named && m.DeletedDataFiles() > 0 && (m.HasAddedFiles() || m.HasExistingFiles())
	if len(gone) == 0 && !tells {
		return m, nil
	}
	locations, err := w.table.dataFiles(m)
	if err != nil {
		return nil, err
	}
	if !tells && !slices.ContainsFunc(locations, func(location string) bool { return gone[location] }) {
		return m, nil
	}
	return w.manifest(int(m.PartitionSpecID()), func(to *manifestWriter) error {
		return w.table.Entries(m, func(e iceberg.ManifestEntry) error {
			if location := e.DataFile().FilePath(); gone[location] {
				delete(gone, location)
				w.removed = append(w.removed, e.DataFile())
				bare, err := withoutBounds(w.pending.next.meta, int(m.PartitionSpecID()), e)
				if err != nil {
					return err
				}
				return to.Delete(bare)
			}
			return to.keep(e)
		})
	})
}

// withoutBounds returns the entry of a file that is removed without what is in the file:
// its least and greatest values may be those for which it goes, and the entry stays as
// long as its manifest does.
func withoutBounds(meta *Metadata, specID int, e iceberg.ManifestEntry) (iceberg.ManifestEntry, error) {
	f := e.DataFile()
	spec, err := meta.spec(specID)
	if err != nil {
		return nil, err
	}
	b, err := builder(spec, f.FilePath(), f.Partition(), f.Count(), f.FileSizeBytes())
	if err != nil {
		return nil, err
	}
	id, sequence := e.SnapshotID(), e.SequenceNum()
	return iceberg.NewManifestEntry(iceberg.EntryStatusDELETED, &id, &sequence, e.FileSequenceNum(), b.Build()), nil
}

// merge makes one of the small manifests: of the smallest, and of each further
// one that is at most twice as large as all smaller ones, so that an entry is
// written again only O(log n) times.
func (w *snapshotWriter) merge(manifests []iceberg.ManifestFile) ([]iceberg.ManifestFile, error) {
	bySize := slices.DeleteFunc(slices.Clone(manifests), func(m iceberg.ManifestFile) bool {
		return m.Length() >= largeManifest || m.SnapshotID() == w.id || int(m.PartitionSpecID()) != w.pending.next.meta.DefaultSpec
	})
	slices.SortStableFunc(bySize, func(a, b iceberg.ManifestFile) int { return cmp.Compare(a.Length(), b.Length()) })
	var sum int64
	many := 0
	for i, m := range bySize {
		if m.Length() <= 2*sum {
			many = i + 1
		}
		sum += m.Length()
	}
	if many < 2 {
		return manifests, nil
	}
	chosen := map[string]bool{}
	for _, m := range bySize[:many] {
		chosen[m.FilePath()] = true
	}
	merged, err := w.manifest(w.pending.next.meta.DefaultSpec, func(to *manifestWriter) error {
		for _, m := range manifests {
			if !chosen[m.FilePath()] {
				continue
			}
			if err := w.table.Entries(m, to.keep); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rest := slices.DeleteFunc(slices.Clone(manifests), func(m iceberg.ManifestFile) bool { return chosen[m.FilePath()] })
	return append([]iceberg.ManifestFile{merged}, rest...), nil
}

// manifestWriter remembers which data files a manifest says are there.
type manifestWriter struct {
	entryWriter
	locations []string
}

func (w *manifestWriter) add(e iceberg.ManifestEntry) error {
	w.locations = append(w.locations, shared(e.DataFile().FilePath()))
	return w.Add(e)
}

func (w *manifestWriter) keep(e iceberg.ManifestEntry) error {
	w.locations = append(w.locations, shared(e.DataFile().FilePath()))
	return w.Existing(e)
}

// manifest writes a manifest with the entries that fill adds.
func (w *snapshotWriter) manifest(specID int, fill func(*manifestWriter) error) (m iceberg.ManifestFile, err error) {
	meta := w.pending.next.meta
	spec, err := meta.spec(specID)
	if err != nil {
		return nil, err
	}
	location := w.location(fmt.Sprintf("%s-m%d.avro", w.commit, w.manifests))
	w.manifests++
	err = w.create(location, func(to io.Writer) error {
		counter := &countingWriter{w: to}
		inner, err := w.table.known.newEntryWriter(counter, spec, w.pending.next.Schema(), w.id)
		if err != nil {
			return err
		}
		writer := &manifestWriter{entryWriter: inner}
		if err := fill(writer); err != nil {
			return err
		}
		if err := writer.Close(); err != nil {
			return err
		}
		w.table.known.dataFiles[location] = writer.locations
		m, err = writer.ToManifestFile(location, counter.n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

func (w *snapshotWriter) location(name string) string {
	return w.pending.next.meta.Location + "/metadata/" + name
}

func (w *snapshotWriter) create(location string, fill func(io.Writer) error) error {
	if err := w.table.files.WriteFile(location, fill); err != nil {
		return err
	}
	w.pending.written = append(w.pending.written, location)
	return nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// summary says what the snapshot changed and how much there is now.
func (w *snapshotWriter) summary(parent *Snapshot) map[string]string {
	s := map[string]string{}
	maps.Copy(s, w.change.Summary)
	s["operation"] = w.change.Operation
	days := map[any]bool{}
	count := func(files []iceberg.DataFile) (number, rows, bytes int64) {
		for _, f := range files {
			rows += f.Count()
			bytes += f.FileSizeBytes()
			for _, day := range f.Partition() {
				days[day] = true
			}
		}
		return int64(len(files)), rows, bytes
	}
	before := map[string]string{}
	if parent != nil {
		before = parent.Summary
	}
	total := func(name string, added, removed int64) {
		// What another program left out counts as zero; a total below zero says
		// that it did, and is left out as well.
		was, _ := strconv.ParseInt(before["total-"+name], 10, 64)
		if now := was + added - removed; now >= 0 {
			s["total-"+name] = strconv.FormatInt(now, 10)
		}
	}
	positive := func(name string, n int64) {
		if n > 0 {
			s[name] = strconv.FormatInt(n, 10)
		}
	}
	added, addedRows, addedBytes := count(w.change.Added)
	removed, removedRows, removedBytes := count(w.removed)
	positive("added-data-files", added)
	positive("added-records", addedRows)
	positive("added-files-size", addedBytes)
	positive("deleted-data-files", removed)
	positive("deleted-records", removedRows)
	positive("removed-files-size", removedBytes)
	positive("changed-partition-count", int64(len(days)))
	total("data-files", added, removed)
	total("records", addedRows, removedRows)
	total("files-size", addedBytes, removedBytes)
	total("delete-files", 0, 0)
	total("position-deletes", 0, 0)
	total("equality-deletes", 0, 0)
	return s
}
