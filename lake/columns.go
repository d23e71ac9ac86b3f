package lake

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/schema"
)

// The hidden columns that follow a table's own in every file and batch.
const (
	// ColumnIngestionTime is when the row became visible, in UTC.
	ColumnIngestionTime = "quoll_ingestion_time"
	// ColumnKeyHigh and ColumnKeyLow are the two big-endian halves of the
	// record's schema.Key.
	ColumnKeyHigh = "quoll_key_high"
	ColumnKeyLow  = "quoll_key_low"
	// ColumnDigest is the record's schema.Digest, big-endian.
	ColumnDigest = "quoll_digest"
	// ColumnPosition is the journal position of the entry that held the record.
	ColumnPosition = "quoll_position"
)

const hiddenColumns = 5

// kind is the physical type of a column.
type kind uint8

const (
	kindText kind = iota // UTF-8: string, guid, dynamic (JSON text), decimal
	kindInt32
	kindInt64
	kindFloat64
	kindBool
	kindTime // microseconds since 1970, UTC, without zone
)

func kindOf(t types.Type) kind {
	switch t {
	case types.Int:
		return kindInt32
	case types.Long, types.TimeSpan:
		return kindInt64
	case types.Real:
		return kindFloat64
	case types.Bool:
		return kindBool
	case types.DateTime:
		return kindTime
	}
	return kindText
}

func (k kind) arrowType() arrow.DataType {
	switch k {
	case kindInt32:
		return arrow.PrimitiveTypes.Int32
	case kindInt64:
		return arrow.PrimitiveTypes.Int64
	case kindFloat64:
		return arrow.PrimitiveTypes.Float64
	case kindBool:
		return arrow.FixedWidthTypes.Boolean
	case kindTime:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	}
	return arrow.BinaryTypes.String
}

func (k kind) parquetKind() parquetfile.Kind {
	switch k {
	case kindInt32:
		return parquetfile.Int32
	case kindInt64:
		return parquetfile.Int64
	case kindFloat64:
		return parquetfile.Float64
	case kindBool:
		return parquetfile.Bool
	case kindTime:
		return parquetfile.Timestamp
	}
	return parquetfile.Text
}

func (k kind) icebergType() iceberg.Type {
	switch k {
	case kindInt32:
		return iceberg.PrimitiveTypes.Int32
	case kindInt64:
		return iceberg.PrimitiveTypes.Int64
	case kindFloat64:
		return iceberg.PrimitiveTypes.Float64
	case kindBool:
		return iceberg.PrimitiveTypes.Bool
	case kindTime:
		return iceberg.PrimitiveTypes.Timestamp
	}
	return iceberg.PrimitiveTypes.String
}

// column is one column as it is stored.
type column struct {
	name string
	kind kind
	doc  string
	// text says that an absent value is "" and not null.
	text bool
	// hidden columns are never null.
	hidden bool
	// document says that values are JSON text: too long and too various for a
	// dictionary or for minima and maxima.
	document bool
	// random says that values are spread evenly: neither a dictionary nor
	// compression finds anything in them.
	random bool
}

// columnsOf returns the stored columns of a table: its own in order, then the
// hidden ones.
func columnsOf(t *schema.Table) []column {
	columns := make([]column, 0, len(t.Columns)+hiddenColumns)
	for _, c := range t.Columns {
		columns = append(columns, column{
			name: c.Name, kind: kindOf(c.Type), doc: c.Description,
			text: c.Type == types.String, document: c.Type == types.Dynamic,
		})
	}
	return append(columns,
		column{name: ColumnIngestionTime, kind: kindTime, hidden: true, doc: "When Quoll made the row visible (UTC)."},
		column{name: ColumnKeyHigh, kind: kindInt64, hidden: true, random: true, doc: "First half of the record's key."},
		column{name: ColumnKeyLow, kind: kindInt64, hidden: true, random: true, doc: "Second half of the record's key."},
		column{name: ColumnDigest, kind: kindInt64, hidden: true, random: true, doc: "Digest of the record's content."},
		column{name: ColumnPosition, kind: kindInt64, hidden: true, doc: "Journal position of the entry that held the record."},
	)
}

// arrowSchemaOf returns the Arrow schema of the columns.
func arrowSchemaOf(columns []column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.kind.arrowType(), Nullable: !c.hidden}
	}
	return arrow.NewSchema(fields, nil)
}

// icebergSchemaOf returns the Iceberg schema of a new table.
func icebergSchemaOf(columns []column) *iceberg.Schema {
	fields := make([]iceberg.NestedField, len(columns))
	for i, c := range columns {
		fields[i] = iceberg.NestedField{ID: i + 1, Name: c.name, Type: c.kind.icebergType(), Required: c.hidden, Doc: c.doc}
	}
	return iceberg.NewSchema(0, fields...)
}
