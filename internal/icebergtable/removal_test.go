package icebergtable

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/apache/iceberg-go"
)

// TestRemovedForGood looks for what remains of a file that was removed because of what is
// in it: no tag keeps its snapshot, and no manifest its least and greatest values.
func TestRemovedForGood(t *testing.T) {
	table, files := newTable(t)
	added := []iceberg.DataFile{dataFile(t, table, 1), dataFile(t, table, 2)}
	table = change(t, table, &Change{Operation: Append, Added: added}, noon)
	first := table.Current().ID
	table.meta.Refs["tagged"] = Reference{Snapshot: first, Type: "tag"}
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 3), dataFile(t, table, 5)}}, noon)
	table = change(t, table, &Change{Operation: Delete, Removed: []string{location(5)}}, noon) // whose entry goes, too
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 4)}, Expire: Expiry{Keep: 1}}, noon)
	if table.Metadata().Snapshot(first) == nil {
		t.Fatal("a tag did not keep its snapshot")
	}
	table = change(t, table, &Change{Operation: Delete, Removed: []string{location(1)}, Expire: Expiry{Keep: 1, Named: true}}, noon)
	table = load(t, files, table.MetadataLocation())
	if m := table.Metadata(); len(m.Snapshots) != 1 || len(m.Refs) != 1 || m.Refs[MainBranch].Snapshot != table.Current().ID {
		t.Errorf("%d snapshots, names %v", len(m.Snapshots), m.Refs)
	}
	if referenced, err := table.Referenced(); err != nil || referenced[location(1)] || !referenced[location(2)] {
		t.Errorf("%v, %v", referenced, err)
	}
	manifests, err := table.Manifests(table.Current())
	if err != nil {
		t.Fatal(err)
	}
	deleted := 0
	for _, m := range manifests {
		for _, e := range everyEntry(t, files.files[m.FilePath()], m) {
			f := e.DataFile()
			bounds := len(f.LowerBoundValues()) + len(f.UpperBoundValues())
			if e.Status() != iceberg.EntryStatusDELETED {
				if bounds == 0 {
					t.Errorf("%s lost its bounds", f.FilePath())
				}
				continue
			}
			if deleted++; bounds > 0 || f.FilePath() != location(1) || f.Count() != added[0].Count() || e.SequenceNum() != 1 {
				t.Errorf("%s is removed and has %d bounds, %d rows, sequence number %d", f.FilePath(), bounds, f.Count(), e.SequenceNum())
			}
		}
	}
	if deleted != 1 {
		t.Errorf("%d files are told to be removed", deleted)
	}
}

// everyEntry returns those of removed files, too.
func everyEntry(t *testing.T, content []byte, m iceberg.ManifestFile) (all []iceberg.ManifestEntry) {
	t.Helper()
	reader, err := iceberg.NewManifestReader(m, bufio.NewReader(bytes.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for {
		e, err := reader.ReadEntry()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
}
