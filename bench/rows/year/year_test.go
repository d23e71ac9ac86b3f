package year

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/iceberg-go"
	"github.com/cespare/xxhash/v2"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetrows"
	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/schema"
)

// baseFile is a file of the base with three row groups.
func baseFile(t *testing.T, day time.Time) (path string, rows int) {
	t.Helper()
	var content bytes.Buffer
	w, err := parquetfile.NewWriter(&content, []parquetfile.Column{
		{Name: "TimeGenerated", FieldID: 1, Kind: parquetfile.Timestamp, Optional: true, Dictionary: true, Bounds: true},
		{Name: "Id", FieldID: 2, Kind: parquetfile.Text, Optional: true, Dictionary: true, Bounds: true, Bloom: true},
		{Name: "Operation", FieldID: 3, Kind: parquetfile.Text, Optional: true, Dictionary: true, Bounds: true, Bloom: true},
		{Name: lake.ColumnKeyHigh, FieldID: 4, Kind: parquetfile.Int64, Codec: parquetfile.Uncompressed},
		{Name: lake.ColumnPosition, FieldID: 5, Kind: parquetfile.Int64, Bounds: true},
	}, parquetfile.Options{CreatedBy: "quoll", Small: true})
	if err != nil {
		t.Fatal(err)
	}
	var terms termfilter.Builder
	for range 3 {
		const group = 50
		w.Group(group)
		part := termfilter.NewTerms(group, 1)
		for i := range group {
			part.Text(i, fmt.Appendf(nil, "%08x-0000-4000-8000-%012x Operation%d", rows+i, rows+i, (rows+i)%7), false)
		}
		terms.Part(part)
		for column := range 5 {
			c := w.Column()
			for i := range group {
				n := rows + i
				switch column {
				case 0:
					c.Number(day.Add(time.Duration(n) * time.Minute).UnixMicro())
				case 1:
					c.Text(fmt.Appendf(nil, "%08x-0000-4000-8000-%012x", n, n))
				case 2:
					c.Text(fmt.Appendf(nil, "Operation%d", n%7))
				default:
					c.Number(int64(n))
				}
			}
		}
		rows += group
	}
	w.Trail(lake.MetadataTerms, terms.Bytes())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "base.parquet")
	if err := os.WriteFile(path, content.Bytes(), 0o640); err != nil {
		t.Fatal(err)
	}
	return path, rows
}

func TestACopyHasOtherTimesIdsAndKeysAndTheSameRest(t *testing.T) {
	ctx := context.Background()
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	path, rows := baseFile(t, day)
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Transform: iceberg.DayTransform{}, Name: "TimeGenerated_day"})
	base, err := icebergtable.NewDataFile(spec, fileURI(path), int32(day.Unix()/86400), int64(rows), 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	p, err := readPattern(ctx, table, base)
	if err != nil {
		t.Fatal(err)
	}
	was, is := columnsOf(t, p.content), copyOf(t, p, 14)
	for i := range rows {
		if at := is["TimeGenerated"].(*array.Timestamp).Value(i); int64(at) != day.AddDate(0, 0, 14).Add(time.Duration(i)*time.Minute).UnixMicro() {
			t.Fatalf("row %d is of %d", i, at)
		}
		for _, name := range []string{"Id", "Operation", lake.ColumnKeyHigh} {
			before, after := was[name].ValueStr(i), is[name].ValueStr(i)
			if same := before == after; same != (name == "Operation") {
				t.Fatalf("row %d: %s was %s and is %s", i, name, before, after)
			}
		}
		if before, after := was["Id"].ValueStr(i), is["Id"].ValueStr(i); before[8:] != after[8:] {
			t.Fatalf("row %d: Id was %s and is %s", i, before, after)
		}
	}
}

// TestACopyHasTheTermsOfItsIds looks for words of the base and of a copy in the copy's
// filters.
func TestACopyHasTheTermsOfItsIds(t *testing.T) {
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	path, rows := baseFile(t, day)
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Transform: iceberg.DayTransform{}, Name: "TimeGenerated_day"})
	base, err := icebergtable.NewDataFile(spec, fileURI(path), int32(day.Unix()/86400), int64(rows), 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	p, err := readPattern(t.Context(), table, base)
	if err != nil {
		t.Fatal(err)
	}
	for _, days := range []int{0, 7} {
		var out bytes.Buffer
		if _, err := p.write(&out, days); err != nil {
			t.Fatal(err)
		}
		ids := columnsOf(t, out.Bytes())["Id"]
		filter, err := termfilter.Open(bytes.NewReader(out.Bytes()), int64(out.Len()-8-len(footerOf(out.Bytes()))))
		if err != nil || filter == nil || filter.Rows() != int64(rows) {
			t.Fatalf("after %d days: %v, %v", days, filter, err)
		}
		if homes := lake.HomeColumns(schema.UnifiedAuditLog); days > 0 && !filter.Homes(homes) {
			t.Errorf("after %d days: the filters do not know of the homes %v", days, homes)
		}
		for _, row := range []int{0, 70, rows - 1} {
			for _, text := range []string{ids.ValueStr(row), fmt.Sprintf("Operation%d", row%7)} {
				spans, err := filter.Parts(bytes.NewReader(out.Bytes()), termfilter.Text(text, true, true, false), nil, nil)
				found := false
				for _, s := range spans {
					found = found || int64(row) >= s.First && int64(row) < s.End
				}
				if err != nil || !found {
					t.Errorf("after %d days: %s of row %d is in %v, %v", days, text, row, spans, err)
				}
			}
		}
	}
}

func footerOf(content []byte) []byte {
	tail := len(content) - 8
	return content[tail-int(binary.LittleEndian.Uint32(content[tail:])) : tail]
}

func copyOf(t *testing.T, p *pattern, days int) map[string]interface{ ValueStr(int) string } {
	t.Helper()
	var out bytes.Buffer
	made, err := p.write(&out, days)
	if err != nil {
		t.Fatal(err)
	}
	if made.bytes != int64(out.Len()) || len(made.splits) != 3 || made.columns[1].Nulls != 0 || made.columns[1].Values != 150 {
		t.Errorf("%+v of %d bytes", made, out.Len())
	}
	return columnsOf(t, out.Bytes())
}

// columnsOf reads a file, which has to carry the checksum of its content.
func columnsOf(t *testing.T, content []byte) map[string]interface{ ValueStr(int) string } {
	t.Helper()
	source, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	footer := len(content) - 8 - int(uint32(content[len(content)-8])|uint32(content[len(content)-7])<<8|uint32(content[len(content)-6])<<16)
	sum := source.MetaData().KeyValueMetadata().FindValue(parquetfile.SumKey)
	if want := fmt.Sprintf("%016x", xxhash.Sum64(content[:footer])); sum == nil || *sum != want {
		t.Errorf("the checksum is not %s", want)
	}
	columns := map[string]interface{ ValueStr(int) string }{}
	err = parquetrows.Read(context.Background(), source, nil, int(source.NumRows()), func(rows arrow.RecordBatch) error {
		rows.Retain()
		for i, c := range rows.Columns() {
			columns[rows.ColumnName(i)] = c
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns
}
