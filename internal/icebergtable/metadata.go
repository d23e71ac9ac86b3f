package icebergtable

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"
)

// FormatVersion is the version of the format that is read and written.
const FormatVersion = 2

// MainBranch is the reference that names the current snapshot.
const MainBranch = "main"

// ErrMetadata is returned for metadata that is not that of a table which this
// package reads.
var ErrMetadata = errors.New("unusable table metadata")

// Metadata is the state of a table, as a metadata file has it. It does not
// change: each commit makes another one. Times are milliseconds since 1970, UTC.
type Metadata struct {
	FormatVersion       int                     `json:"format-version"`
	UUID                string                  `json:"table-uuid"`
	Location            string                  `json:"location"`
	LastSequence        int64                   `json:"last-sequence-number"`
	LastUpdated         int64                   `json:"last-updated-ms"`
	LastColumn          int                     `json:"last-column-id"`
	CurrentSchema       int                     `json:"current-schema-id"`
	Schemas             []*iceberg.Schema       `json:"schemas"`
	DefaultSpec         int                     `json:"default-spec-id"`
	Specs               []iceberg.PartitionSpec `json:"partition-specs"`
	LastPartition       int                     `json:"last-partition-id"`
	DefaultSortOrder    int                     `json:"default-sort-order-id"`
	SortOrders          json.RawMessage         `json:"sort-orders"`
	Properties          map[string]string       `json:"properties,omitempty"`
	CurrentSnapshot     *int64                  `json:"current-snapshot-id,omitempty"`
	Refs                map[string]Reference    `json:"refs,omitempty"`
	Snapshots           []Snapshot              `json:"snapshots,omitempty"` // oldest first
	Statistics          []Statistics            `json:"statistics,omitempty"`
	PartitionStatistics []Statistics            `json:"partition-statistics,omitempty"`
	SnapshotLog         []SnapshotLogEntry      `json:"snapshot-log,omitempty"`
	MetadataLog         []MetadataLogEntry      `json:"metadata-log,omitempty"`

	rest map[string]json.RawMessage // fields that this package does not know
}

// Reference is a branch or a tag.
type Reference struct {
	Snapshot     int64  `json:"snapshot-id"`
	Type         string `json:"type"`
	MinSnapshots *int64 `json:"min-snapshots-to-keep,omitempty"`
	MaxAge       *int64 `json:"max-snapshot-age-ms,omitempty"`
	MaxRefAge    *int64 `json:"max-ref-age-ms,omitempty"`
}

// Snapshot is the files of a table at a moment.
type Snapshot struct {
	ID           int64             `json:"snapshot-id"`
	Parent       *int64            `json:"parent-snapshot-id,omitempty"`
	Sequence     int64             `json:"sequence-number"`
	Time         int64             `json:"timestamp-ms"`
	ManifestList string            `json:"manifest-list"`
	Summary      map[string]string `json:"summary,omitempty"`
	Schema       *int              `json:"schema-id,omitempty"`
}

// SnapshotLogEntry says since when a snapshot was the current one.
type SnapshotLogEntry struct {
	Time     int64 `json:"timestamp-ms"`
	Snapshot int64 `json:"snapshot-id"`
}

// MetadataLogEntry is a metadata file of before.
type MetadataLogEntry struct {
	Time     int64  `json:"timestamp-ms"`
	Location string `json:"metadata-file"`
}

// Statistics is a file of statistics of a snapshot, which other programs may
// have made. It is kept as it was.
type Statistics struct {
	Snapshot int64
	Location string
	raw      json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Statistics) UnmarshalJSON(content []byte) error {
	var known struct {
		Snapshot int64  `json:"snapshot-id"`
		Location string `json:"statistics-path"`
	}
	if err := json.Unmarshal(content, &known); err != nil {
		return err
	}
	*s = Statistics{known.Snapshot, known.Location, slices.Clone(content)}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (s Statistics) MarshalJSON() ([]byte, error) { return s.raw, nil }

// New returns the metadata of a new table without rows. The ids of the schema's
// columns and of the partition fields are taken as they are.
func New(location string, schema *iceberg.Schema, spec *iceberg.PartitionSpec, properties map[string]string, now time.Time) (*Metadata, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("give table an id: %w", err)
	}
	m := &Metadata{
		FormatVersion: FormatVersion, UUID: id.String(), Location: location,
		LastUpdated: now.UnixMilli(), LastColumn: schema.HighestFieldID(),
		CurrentSchema: schema.ID, Schemas: []*iceberg.Schema{schema},
		DefaultSpec: spec.ID(), Specs: []iceberg.PartitionSpec{*spec}, LastPartition: spec.LastAssignedFieldID(),
		SortOrders: json.RawMessage(`[{"order-id":0,"fields":[]}]`),
		Properties: maps.Clone(properties),
	}
	if err := m.mapNames(); err != nil {
		return nil, err
	}
	return m, nil
}

// propertyNames holds, for files without field ids, the columns by name.
const propertyNames = "schema.name-mapping.default"

func (m *Metadata) mapNames() error {
	schema, err := m.schema()
	if err != nil {
		return err
	}
	names, err := json.Marshal(schema.NameMapping())
	if err != nil {
		return fmt.Errorf("map names of columns: %w", err)
	}
	if m.Properties == nil {
		m.Properties = map[string]string{}
	}
	m.Properties[propertyNames] = string(names)
	return nil
}

// Parse reads the content of a metadata file.
func Parse(content []byte) (*Metadata, error) {
	m := &Metadata{CurrentSchema: -1, DefaultSpec: -1, LastSequence: -1}
	if err := json.Unmarshal(content, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	if m.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("%w: format version %d instead of %d", ErrMetadata, m.FormatVersion, FormatVersion)
	}
	if err := json.Unmarshal(content, &m.rest); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	for _, name := range knownFields {
		delete(m.rest, name)
	}
	if m.CurrentSnapshot != nil && *m.CurrentSnapshot == -1 { // how some writers say that there is none
		m.CurrentSnapshot = nil
	}
	slices.SortStableFunc(m.Snapshots, func(a, b Snapshot) int { return cmp.Compare(a.Sequence, b.Sequence) })
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	return m, nil
}

// knownFields are the names of the fields of Metadata.
var knownFields = func() (names []string) {
	for field := range reflect.TypeFor[Metadata]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}()

func (m *Metadata) validate() error {
	switch {
	case m.UUID == "":
		return errors.New("table-uuid is missing")
	case m.Location == "":
		return errors.New("location is missing")
	case m.LastSequence < 0:
		return errors.New("last-sequence-number is missing")
	case len(m.SortOrders) == 0:
		return errors.New("sort-orders are missing")
	}
	if _, err := m.schema(); err != nil {
		return err
	}
	if _, err := m.spec(m.DefaultSpec); err != nil {
		return err
	}
	for _, s := range m.Snapshots {
		if s.ManifestList == "" {
			return fmt.Errorf("snapshot %d has no manifest-list", s.ID)
		}
		if s.Sequence > m.LastSequence {
			return fmt.Errorf("snapshot %d has sequence number %d, the table %d", s.ID, s.Sequence, m.LastSequence)
		}
	}
	if m.CurrentSnapshot != nil && m.Snapshot(*m.CurrentSnapshot) == nil {
		return fmt.Errorf("the current snapshot %d is missing", *m.CurrentSnapshot)
	}
	return nil
}

// Encode returns the content of a metadata file.
func (m *Metadata) Encode() ([]byte, error) {
	content, err := json.Marshal(m)
	if err != nil || len(m.rest) == 0 {
		return content, err
	}
	fields := maps.Clone(m.rest)
	if err := json.Unmarshal(content, &fields); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// clone returns a copy whose own lists can be added to.
func (m *Metadata) clone() *Metadata {
	next := *m
	next.Schemas = slices.Clone(m.Schemas)
	next.Properties = maps.Clone(m.Properties)
	next.Refs = maps.Clone(m.Refs)
	next.Snapshots = slices.Clone(m.Snapshots)
	next.Statistics = slices.Clone(m.Statistics)
	next.PartitionStatistics = slices.Clone(m.PartitionStatistics)
	next.SnapshotLog = slices.Clone(m.SnapshotLog)
	next.MetadataLog = slices.Clone(m.MetadataLog)
	return &next
}

func (m *Metadata) schema() (*iceberg.Schema, error) {
	for _, s := range m.Schemas {
		if s != nil && s.ID == m.CurrentSchema {
			return s, nil
		}
	}
	return nil, fmt.Errorf("the current schema %d is missing", m.CurrentSchema)
}

func (m *Metadata) spec(id int) (iceberg.PartitionSpec, error) {
	for _, s := range m.Specs {
		if s.ID() == id {
			return s, nil
		}
	}
	return iceberg.PartitionSpec{}, fmt.Errorf("partition spec %d is missing", id)
}

// Snapshot returns the snapshot of a number, nil if there is none.
func (m *Metadata) Snapshot(id int64) *Snapshot {
	for i := range m.Snapshots {
		if m.Snapshots[i].ID == id {
			return &m.Snapshots[i]
		}
	}
	return nil
}

// Current returns the current snapshot, nil if there is none.
func (m *Metadata) Current() *Snapshot {
	if m.CurrentSnapshot == nil {
		return nil
	}
	return m.Snapshot(*m.CurrentSnapshot)
}

// Before returns the snapshot that s came after, nil if there is none any more.
func (m *Metadata) Before(s *Snapshot) *Snapshot {
	if s.Parent == nil {
		return nil
	}
	return m.Snapshot(*s.Parent)
}

// At returns the metadata as it would be at another location, without any
// snapshot. Schemas, ids and the sequence number stay.
func (m *Metadata) At(location string) *Metadata {
	next := m.clone()
	next.Location = strings.TrimSuffix(location, "/")
	next.CurrentSnapshot, next.Refs, next.Snapshots = nil, nil, nil
	next.Statistics, next.PartitionStatistics = nil, nil
	next.SnapshotLog, next.MetadataLog = nil, nil
	return next
}
