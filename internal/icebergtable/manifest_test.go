package icebergtable

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
)

// records returns what an Avro file holds, unpacked, and its header with the codec.
func records(t *testing.T, content []byte) (header map[string][]byte, codec string, body []byte) {
	t.Helper()
	header, err := avroHeader(content)
	if err != nil {
		t.Fatal(err)
	}
	codec = codecNone
	if bytes.Contains(content[:200+len(header["avro.schema"])], []byte(codecDeflate)) {
		codec = codecDeflate
	}
	sync := content[len(content)-16:]
	rest := content[bytes.Index(content, sync)+16:]
	for len(rest) > 0 {
		_, n := binary.Varint(rest)
		size, m := binary.Varint(rest[n:])
		block := rest[n+m : n+m+int(size)]
		rest = rest[n+m+int(size):]
		if !bytes.HasPrefix(rest, sync) {
			t.Fatal("a block does not end with the marker")
		}
		rest = rest[16:]
		if codec == codecDeflate {
			if block, err = io.ReadAll(flate.NewReader(bytes.NewReader(block))); err != nil {
				t.Fatal(err)
			}
		}
		body = append(body, block...)
	}
	return header, codec, body
}

// fullDataFile has all that a data file can have. Of each map there is one pair:
// iceberg-go writes more than one in any order.
func fullDataFile(t *testing.T, table *Table, day any) iceberg.DataFile {
	t.Helper()
	spec := table.Spec()
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, location(1), iceberg.ParquetFile,
		map[int]any{1000: day}, map[int]string{1000: "date"}, nil, 12345, 6789)
	if err != nil {
		t.Fatal(err)
	}
	return b.ColumnSizes(map[int]int64{2: 1 << 40}).ValueCounts(map[int]int64{2: 77}).NullValueCounts(map[int]int64{}).
		NaNValueCounts(map[int]int64{1: 3}).LowerBoundValues(map[int][]byte{2: []byte("a")}).UpperBoundValues(map[int][]byte{2: {}}).
		KeyMetadata([]byte{1, 2}).SplitOffsets([]int64{4, 400}).EqualityFieldIDs([]int{2}).SortOrderID(7).Build()
}

// write makes a manifest of entries with each status.
func write(t *testing.T, w entryWriter, to *countingWriter, files ...iceberg.DataFile) iceberg.ManifestFile {
	t.Helper()
	snapshot, sequence, fileSequence := int64(5), int64(9), int64(8)
	for _, f := range files {
		was := iceberg.NewManifestEntry(iceberg.EntryStatusADDED, &snapshot, &sequence, &fileSequence, f)
		fresh := iceberg.NewManifestEntry(iceberg.EntryStatusADDED, nil, nil, nil, f)
		if err := errors.Join(w.Add(fresh), w.Existing(was), w.Delete(was)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m, err := w.ToManifestFile("file:///m.avro", to.n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestManifestsAreIcebergs compares our writer with iceberg-go's: headers, records
// and descriptions must be the same to the byte, but for codec and marker.
func TestManifestsAreIcebergs(t *testing.T) {
	table, _ := newTable(t)
	spec, schema := table.Spec(), table.Schema()
	few := []iceberg.DataFile{fullDataFile(t, table, iceberg.Date(20000)), fullDataFile(t, table, nil), fullDataFile(t, table, iceberg.Date(-3))}
	many := slices.Repeat(few, 200)
	for codec, files := range map[string][]iceberg.DataFile{codecNone: few, codecDeflate: many} {
		var ours, theirs bytes.Buffer
		toOurs, toTheirs := &countingWriter{w: &ours}, &countingWriter{w: &theirs}
		mine, err := table.known.newEntryWriter(toOurs, spec, schema, 42)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := mine.(*dayManifest); !ok {
			t.Fatalf("a table of days is written by %T", mine)
		}
		other, err := iceberg.NewManifestWriter(FormatVersion, toTheirs, spec, schema, 42)
		if err != nil {
			t.Fatal(err)
		}
		m, want := write(t, mine, toOurs, files...), write(t, other, toTheirs, files...)
		header, packed, body := records(t, ours.Bytes())
		wantHeader, _, wantBody := records(t, theirs.Bytes())
		if packed != codec {
			t.Errorf("%d files are packed with %s instead of %s", len(files), packed, codec)
		}
		if !maps.EqualFunc(header, wantHeader, bytes.Equal) {
			t.Errorf("the header is %q instead of %q", header, wantHeader)
		}
		if !bytes.Equal(body, wantBody) {
			t.Errorf("%d files: the records are\n%q instead of\n%q", len(files), body, wantBody)
		}
		if m.Length() != int64(ours.Len()) {
			t.Errorf("the description says %d bytes of %d", m.Length(), ours.Len())
		}
		same(t, m, want)
		entries, err := iceberg.ReadManifest(m, &ours, false)
		if err != nil || len(entries) != 3*len(files) {
			t.Errorf("iceberg-go reads %d entries of %d: %v", len(entries), 3*len(files), err)
		}
	}
}

// same compares descriptions, but for the length of the file.
func same(t *testing.T, m, want iceberg.ManifestFile) {
	t.Helper()
	describe := func(m iceberg.ManifestFile) []any {
		return []any{
			m.Version(), m.FilePath(), m.PartitionSpecID(), m.ManifestContent(), m.SequenceNum(), m.MinSequenceNum(), m.SnapshotID(),
			m.AddedDataFiles(), m.ExistingDataFiles(), m.DeletedDataFiles(), m.AddedRows(), m.ExistingRows(), m.DeletedRows(),
			m.KeyMetadata(), m.Partitions(),
		}
	}
	if a, b := describe(m), describe(want); !reflect.DeepEqual(a, b) {
		t.Errorf("the manifest is described as\n%v instead of\n%v", a, b)
	}
}

// TestListsAreIcebergs does the same for lists, and compares what is remembered of
// a list with what is read of it.
func TestListsAreIcebergs(t *testing.T) {
	table, files := newTable(t)
	for n := range 3 {
		table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, n)}}, noon)
	}
	bare := iceberg.NewManifestFile(FormatVersion, "file:///bare.avro", 7, 0, table.Current().ID).KeyMetadata([]byte{9}).Build()
	manifests := append(slices.Clone(table.known.lists[table.Current().ManifestList]), bare)
	for i, m := range manifests {
		manifests[i] = numbered(m, table.Current().Sequence)
	}
	var ours, theirs bytes.Buffer
	s := table.Current()
	if err := table.known.writeList(&ours, s, manifests); err != nil {
		t.Fatal(err)
	}
	if err := iceberg.WriteManifestList(FormatVersion, &theirs, s.ID, s.Parent, &s.Sequence, 0, append(manifests[:3:3], bare)); err != nil {
		t.Fatal(err)
	}
	header, _, body := records(t, ours.Bytes())
	wantHeader, _, wantBody := records(t, theirs.Bytes())
	if !maps.EqualFunc(header, wantHeader, bytes.Equal) || !bytes.Equal(body, wantBody) {
		t.Errorf("the list is\n%q\n%q instead of\n%q\n%q", header, body, wantHeader, wantBody)
	}
	again := load(t, files, table.MetadataLocation())
	read, err := again.Manifests(again.Current())
	if err != nil || len(read) != 3 {
		t.Fatalf("%d manifests, %v", len(read), err)
	}
	for i, m := range read {
		same(t, manifests[i], m)
	}
}

// TestOtherPartitionsAreWrittenByIceberg: our writer knows days and nothing else.
func TestOtherPartitionsAreWrittenByIceberg(t *testing.T) {
	table, _ := newTable(t)
	spec := iceberg.NewPartitionSpecID(1, iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Name: "At_month", Transform: iceberg.MonthTransform{}})
	w, err := table.known.newEntryWriter(io.Discard, spec, table.Schema(), 1)
	if _, ok := w.(*iceberg.ManifestWriter); !ok || err != nil {
		t.Errorf("a table of months is written by %T, %v", w, err)
	}
}

func TestWhatIsNoManifestIsRefused(t *testing.T) {
	table, _ := newTable(t)
	fresh := func() entryWriter {
		w, err := table.known.newEntryWriter(io.Discard, table.Spec(), table.Schema(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if err := fresh().Close(); !errors.Is(err, errEmptyManifest) {
		t.Errorf("a manifest without entries: %v", err)
	}
	unnumbered := iceberg.NewManifestEntry(iceberg.EntryStatusEXISTING, nil, nil, nil, dataFile(t, table, 1))
	if err := errors.Join(fresh().Existing(unnumbered)); err == nil {
		t.Error("a file that was there may lack its sequence number")
	}
	odd := iceberg.NewManifestEntry(iceberg.EntryStatusADDED, nil, nil, nil, fullDataFile(t, table, "monday"))
	if err := fresh().Add(odd); err == nil {
		t.Error("a text passes for a day")
	}
	for _, text := range []string{"", "Obj\x02", "Obj\x01\x01", "Obj\x01\x02\x40abc", "Obj\x01\x02\xff"} {
		if _, err := avroHeader([]byte(text)); err == nil {
			t.Errorf("%q passes for the header of an Avro file", text)
		}
	}
}

// TestADiscardedSchemaIsForgotten: its id is given to the next schema.
func TestADiscardedSchemaIsForgotten(t *testing.T) {
	table, files := newTable(t)
	with := func(column string) *Change {
		fields := append(slices.Clone(table.Schema().Fields()), iceberg.NestedField{ID: 3, Name: column, Type: iceberg.PrimitiveTypes.String})
		return &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 1)}, Schema: iceberg.NewSchema(0, fields...)}
	}
	discarded, err := table.Prepare(with("One"), noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := discarded.Discard(); err != nil {
		t.Fatal(err)
	}
	table = change(t, table, with("Two"), noon)
	manifests, err := table.Manifests(table.Current())
	if err != nil || len(manifests) != 1 {
		t.Fatalf("%d manifests, %v", len(manifests), err)
	}
	meta, err := avroHeader(files.files[manifests[0].FilePath()])
	if err != nil {
		t.Fatal(err)
	}
	var schema iceberg.Schema
	if err := schema.UnmarshalJSON(meta["schema"]); err != nil {
		t.Fatalf("%q: %v", meta["schema"], err)
	}
	if !schema.Equals(table.Schema()) {
		t.Errorf("the manifest has the schema\n%s\ninstead of\n%s", &schema, table.Schema())
	}
}
