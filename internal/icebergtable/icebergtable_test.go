package icebergtable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
)

// inMemory is Files in a map. It counts what is read.
type inMemory struct {
	files map[string][]byte
	reads int
	fail  string // a part of the locations that cannot be written
}

var errDisk = errors.New("the disk is full")

func (m *inMemory) Open(location string) (io.ReadCloser, error) {
	content, ok := m.files[location]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", location, fs.ErrNotExist)
	}
	m.reads++
	return io.NopCloser(bytes.NewReader(content)), nil
}

func (m *inMemory) WriteFile(location string, fill func(io.Writer) error) error {
	if m.fail != "" && strings.Contains(location, m.fail) {
		return errDisk
	}
	var content bytes.Buffer
	if err := fill(&content); err != nil {
		return err
	}
	m.files[location] = content.Bytes()
	return nil
}

func (m *inMemory) Remove(location string) error {
	delete(m.files, location)
	return nil
}

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

const folder = "file:///lake/Table"

func newTable(t *testing.T) (*Table, *inMemory) {
	t.Helper()
	schema := iceberg.NewSchema(0,
		iceberg.NestedField{ID: 1, Name: "At", Type: iceberg.PrimitiveTypes.Timestamp},
		iceberg.NestedField{ID: 2, Name: "Who", Type: iceberg.PrimitiveTypes.String})
	spec := iceberg.NewPartitionSpecID(0, iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Name: "At_day", Transform: iceberg.DayTransform{}})
	meta, err := New(folder, schema, &spec, map[string]string{"owner": "quoll"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	files := &inMemory{files: map[string][]byte{}}
	location, err := Create(files, meta)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, files, location), files
}

func load(t *testing.T, files Files, location string) *Table {
	t.Helper()
	table, err := Load(files, location)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func dataFile(t *testing.T, table *Table, n int) iceberg.DataFile {
	t.Helper()
	f, err := NewDataFile(table.Spec(), location(n), int32(20000+n%3), int64(n+1), 100, []int64{4}, []ColumnMetrics{
		{ID: 2, Bytes: 50, Values: int64(n + 1), Low: []byte("a"), High: []byte("z"), Text: true}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func location(n int) string { return folder + "/data/" + strconv.Itoa(n) + ".parquet" }

// change commits and returns the next state, which is the one that is read back.
func change(t *testing.T, table *Table, c *Change, now time.Time) *Table {
	t.Helper()
	pending, err := table.Prepare(c, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Write(); err != nil {
		t.Fatal(err)
	}
	next, err := pending.Committed()
	if err != nil {
		t.Fatal(err)
	}
	if next.Metadata().LastSequence%8 > 1 {
		return next // reading all of it each time takes longer than the rest
	}
	again := load(t, table.files, next.MetadataLocation())
	if a, b := fileNames(t, next), fileNames(t, again); !slices.Equal(a, b) {
		t.Fatalf("the state in memory has %v, the one that was read %v", a, b)
	}
	return next
}

func fileNames(t *testing.T, table *Table) []string {
	t.Helper()
	var names []string
	err := table.DataFiles(func(f iceberg.DataFile) error {
		names = append(names, f.FilePath())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// TestFilesComeAndGo keeps a set of files beside the table, over enough commits
// that manifests are merged.
func TestFilesComeAndGo(t *testing.T) {
	table, files := newTable(t)
	there := map[string]bool{}
	rows := int64(0)
	for i := range 60 {
		c := &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, i)}}
		there[location(i)] = true
		rows += int64(i + 1)
		if i%7 == 6 {
			c.Operation = Replace
			for _, gone := range []int{i - 2, i / 2} {
				if there[location(gone)] {
					c.Removed = append(c.Removed, location(gone))
					delete(there, location(gone))
					rows -= int64(gone + 1)
				}
			}
		}
		table = change(t, table, c, noon.Add(time.Duration(i)*time.Minute))
		if i%5 == 4 {
			if got, want := fileNames(t, table), slices.Sorted(maps.Keys(there)); !slices.Equal(got, want) {
				t.Fatalf("commit %d: files are %v, want %v", i, got, want)
			}
		}
		s := table.Current().Summary
		if s["total-records"] != strconv.FormatInt(rows, 10) || s["total-data-files"] != strconv.Itoa(len(there)) {
			t.Fatalf("commit %d: summary %v, want %d rows in %d files", i, s, rows, len(there))
		}
		manifests, err := table.Manifests(table.Current())
		if err != nil || len(manifests) > manyManifests+1 {
			t.Fatalf("commit %d: %d manifests, %v", i, len(manifests), err)
		}
	}
	if n := len(table.Metadata().MetadataLog); n != keptMetadata {
		t.Errorf("%d metadata files of before are kept", n)
	}
	referenced, err := table.Referenced()
	if err != nil {
		t.Fatal(err)
	}
	for name := range files.files {
		if !referenced[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
	files.reads = 0
	if _, err := table.Referenced(); err != nil || files.reads != 0 {
		t.Errorf("%d files were read to see again what is referred to, %v", files.reads, err)
	}
	table = change(t, table, &Change{Expire: Expiry{Keep: 2}}, noon.Add(time.Hour))
	files.reads = 0
	if referenced, err = table.Referenced(); err != nil || files.reads != 0 {
		t.Errorf("%d files were read after snapshots went, %v", files.reads, err)
	}
	if n := len(table.Metadata().Snapshots); n != 2 || referenced[location(4)] {
		t.Errorf("%d snapshots; a file that was replaced long ago is needed: %v", n, referenced[location(4)])
	}
	if log := table.Metadata().SnapshotLog; len(log) != 2 {
		t.Errorf("the log of snapshots has %d entries", len(log))
	}
}

func TestAFileThatIsNotThereCannotGo(t *testing.T) {
	table, files := newTable(t)
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 1)}}, noon)
	before := len(files.files)
	_, err := table.Prepare(&Change{Operation: Delete, Removed: []string{location(1), location(2)}}, noon)
	if err == nil || !strings.Contains(err.Error(), location(2)) {
		t.Errorf("%v", err)
	}
	if len(files.files) != before {
		t.Errorf("%d files were left behind", len(files.files)-before)
	}
}

func TestWhatAFailedCommitWroteCanGo(t *testing.T) {
	table, files := newTable(t)
	before := len(files.files)
	for _, part := range []string{"-m0.avro", "/snap-", ".metadata.json", ""} {
		files.fail = part
		pending, err := table.Prepare(&Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 1)}}, noon)
		if err == nil {
			if _, err = pending.Write(); part == "" {
				err = errors.Join(err, errDisk) // the catalogue refuses
			}
			err = errors.Join(err, pending.Discard())
		}
		if !errors.Is(err, errDisk) || len(files.files) != before {
			t.Errorf("%q: %d files were left behind, %v", part, len(files.files)-before, err)
		}
	}
}

func TestTimesNeverGoBack(t *testing.T) {
	table, _ := newTable(t)
	for i, now := range []time.Time{noon.Add(time.Hour), noon, noon.Add(2 * time.Hour)} {
		table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, i)}}, now)
	}
	var times []int64
	for _, s := range table.Metadata().Snapshots {
		times = append(times, s.Time-noon.UnixMilli())
	}
	hour := time.Hour.Milliseconds()
	if !slices.Equal(times, []int64{hour, hour, 2 * hour}) {
		t.Errorf("snapshots are of %v", times)
	}
	// Seen from before, all of them are of a clock that was wrong.
	if n := table.Metadata().Expirable(Expiry{Keep: 1, Age: time.Hour}, noon); n != 2 {
		t.Errorf("%d snapshots may go", n)
	}
	if n := table.Metadata().Expirable(Expiry{Keep: 1, Age: time.Hour}, noon.Add(2*time.Hour-time.Second)); n != 0 {
		t.Errorf("%d snapshots may go although they are young", n)
	}
}

func TestWhatOthersWroteIsKept(t *testing.T) {
	table, files := newTable(t)
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 1)}}, noon)
	first := table.Current().ID
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 2)}}, noon)
	second := table.Current().ID
	content := string(files.files[table.MetadataLocation()])
	content = strings.Replace(content, `"refs":{`, fmt.Sprintf(`"future":{"a":[1]},"statistics":[{"snapshot-id":%d,"statistics-path":"s1","x":1},{"snapshot-id":%d,"statistics-path":"s2","x":2}],"refs":{"tagged":{"snapshot-id":%d,"type":"tag","max-ref-age-ms":7},`,
		first, second, first), 1)
	files.files[table.MetadataLocation()] = []byte(content)
	table = load(t, files, table.MetadataLocation())
	if referenced, err := table.Referenced(); err != nil || !referenced["s2"] {
		t.Errorf("statistics are not needed: %v", err)
	}
	for i := 3; i < 6; i++ {
		table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, i)}, Expire: Expiry{Keep: 1}}, noon)
	}
	content = string(files.files[table.MetadataLocation()])
	for _, want := range []string{`"future":{"a":[1]}`, fmt.Sprintf(`"tagged":{"snapshot-id":%d,"type":"tag","max-ref-age-ms":7}`, first), `"statistics":[{"snapshot-id":` + fmt.Sprint(first) + `,"statistics-path":"s1","x":1}]`, `"owner":"quoll"`} {
		if !strings.Contains(content, want) {
			t.Errorf("%s is not in %s", want, content)
		}
	}
	if strings.Contains(content, fmt.Sprint(second)) {
		t.Error("a snapshot that expired is still named")
	}
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	table, files := newTable(t)
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 1)}}, noon)
	content := string(files.files[table.MetadataLocation()])
	for name, replaced := range map[string][2]string{
		"format version 3":            {`"format-version":2`, `"format-version":3`},
		"table-uuid is missing":       {`"table-uuid"`, `"no-uuid"`},
		"last-sequence-number":        {`"last-sequence-number"`, `"no-number"`},
		"sort-orders are missing":     {`"sort-orders"`, `"no-orders"`},
		"the current schema 7":        {`"current-schema-id":0`, `"current-schema-id":7`},
		"partition spec 7 is missing": {`"default-spec-id":0`, `"default-spec-id":7`},
		"the current snapshot 7":      {`"current-snapshot-id":` + fmt.Sprint(table.Current().ID), `"current-snapshot-id":7`},
		"has sequence number 9":       {`"sequence-number":1,"timestamp`, `"sequence-number":9,"timestamp`},
		"has no manifest-list":        {`"manifest-list"`, `"no-list"`},
		"unexpected end":              {content[len(content)/2:], ""},
	} {
		bad := strings.Replace(content, replaced[0], replaced[1], 1)
		if bad == content {
			t.Fatalf("%s: nothing to replace in %s", name, content)
		}
		if _, err := Parse([]byte(bad)); !errors.Is(err, ErrMetadata) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeleteFilesAreRefused(t *testing.T) {
	table, files := newTable(t)
	table = change(t, table, &Change{Operation: Append, Added: []iceberg.DataFile{dataFile(t, table, 1)}}, noon)
	s := table.Current()
	deletes := iceberg.NewManifestFile(2, folder+"/metadata/d.avro", 1, 0, s.ID).Content(iceberg.ManifestContentDeletes).SequenceNum(1, 1).Build()
	err := files.WriteFile(s.ManifestList, func(w io.Writer) error {
		return iceberg.WriteManifestList(2, w, s.ID, nil, &s.Sequence, 0, []iceberg.ManifestFile{deletes})
	})
	if err != nil {
		t.Fatal(err)
	}
	table = load(t, files, table.MetadataLocation())
	if _, err := table.Manifests(table.Current()); !errors.Is(err, ErrDeleteFiles) {
		t.Errorf("%v", err)
	}
}

func FuzzBoundsOfTexts(f *testing.F) {
	f.Add("short")
	f.Add(strings.Repeat("é", 17))
	f.Add(strings.Repeat("\U0010ffff", 17))
	f.Add(strings.Repeat("a", 15) + "\ud7ff" + "b")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		low, high := cut([]byte(text)), cutUp([]byte(text))
		if bytes.Compare(low, []byte(text)) > 0 || high != nil && bytes.Compare(high, []byte(text)) < 0 {
			t.Errorf("%q is not between %q and %q", text, low, high)
		}
		if utf8.RuneCount(low) > maxBoundRunes || utf8.RuneCount(high) > maxBoundRunes || !utf8.Valid(high) {
			t.Errorf("bounds %q and %q of %q", low, high, text)
		}
		if high == nil && strings.Trim(string(low), "\U0010ffff") != "" {
			t.Errorf("%q has no upper bound", text)
		}
	})
}
