package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// row is a row of OfficeActivity as text by column; empty cells are left out.
type row map[string]string

// kind is what rows of both sides must share to be compared. recordType is the
// name, also where Sentinel wrote digits.
type kind struct{ recordType, operation string }

// received is when the records are taken to have been picked up.
var received = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// readQuoll normalises the audit records and says what became of them.
func readQuoll(w io.Writer, dir string) (map[kind][]row, error) {
	body, err := os.ReadFile(filepath.Join(dir, "audit_records.jsonl"))
	if err != nil {
		return nil, err
	}
	result := normalise.New(normalise.Config{WorkspaceID: "7c759f10-0000-4000-8000-000000000000"}).Payload(model.Payload{
		Format: model.FormatAuditLines, Received: received, Body: body,
	})
	lines := bytes.Count(body, []byte("\n"))
	if len(body) > 0 && body[len(body)-1] != '\n' {
		lines++
	}
	kinds := map[kind][]row{}
	tables := map[string]int{}
	for _, record := range result.Records {
		for _, made := range record.Rows {
			tables[made.Table.Name]++
			if made.Table.Name == schema.OfficeActivity {
				r := textOf(made)
				k := kind{nameOf(r["RecordType"]), r["Operation"]}
				kinds[k] = append(kinds[k], r)
			}
		}
	}
	fmt.Fprintf(w, "audit_records.jsonl: %d lines, %d records, %d rejected\n", lines, len(result.Records), len(result.Rejects))
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		fmt.Fprintf(w, "  %-26s %d rows\n", name, tables[name])
	}
	fmt.Fprintf(w, "  record types without a name: %v; times that cannot be read: %d; records without Id: %d\n",
		result.Counts.RecordTypes, result.Counts.Times, result.Counts.NoID)
	fmt.Fprintf(w, "  values that their column cannot hold: %v\n", result.Counts.Values)
	if len(result.Records)+len(result.Rejects) != lines || len(result.Rejects) > 0 || tables[schema.UnifiedAuditLog] != lines {
		return nil, errors.New("a record did not land")
	}
	return kinds, nil
}

func textOf(made schema.Row) row {
	r := row{}
	for i, c := range made.Table.Columns {
		if v := made.Value(i); !v.IsNull() && v.String() != "" {
			r[c.Name] = v.String()
		}
	}
	return r
}

// readSentinel reads the exports, and returns the columns that they have in
// common with Quoll's table.
func readSentinel(w io.Writer, dir string) (map[kind][]row, []string, error) {
	table, _ := schema.Lookup(schema.OfficeActivity)
	kinds := map[kind][]row{}
	there := map[string]bool{}
	total := 0
	for _, pattern := range []string{"sentinel_officeactivity_export*.csv", "*officeactivity.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, nil, err
		}
		for _, file := range files {
			rows, names, err := readExport(file)
			if err != nil {
				return nil, nil, fmt.Errorf("read %s: %w", file, err)
			}
			for _, name := range names {
				there[name] = true
			}
			for _, r := range rows {
				k := kind{nameOf(r["RecordType"]), r["Operation"]}
				kinds[k] = append(kinds[k], r)
			}
			total += len(rows)
		}
	}
	if total == 0 {
		return nil, nil, fmt.Errorf("%w: no export of Sentinel in %s", fs.ErrNotExist, dir)
	}
	var columns, others []string
	for _, c := range table.Columns {
		if there[c.Name] {
			columns = append(columns, c.Name)
		}
		delete(there, c.Name)
	}
	others = slices.Sorted(maps.Keys(there))
	fmt.Fprintf(w, "exports of Sentinel: %d rows of %d types and operations, %d columns; columns that the table does not have: %v\n\n", total, len(kinds), len(columns), others)
	return kinds, columns, nil
}

// nameOf returns the name of a record type that Sentinel wrote in digits.
func nameOf(recordType string) string {
	var number int64
	if _, err := fmt.Sscan(recordType, &number); err == nil {
		if name, ok := normalise.RecordTypeName(number); ok {
			return name
		}
	}
	return recordType
}

func readExport(file string) (rows []row, columns []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if filepath.Ext(file) == ".json" {
		return readJSONRows(text)
	}
	table, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range table[0] {
		columns = append(columns, strings.TrimSuffix(name, " [UTC]"))
	}
	for _, fields := range table[1:] {
		r := row{}
		for i, text := range fields {
			if text != "" {
				r[columns[i]] = asWritten(table[0][i], text)
			}
		}
		rows = append(rows, r)
	}
	return rows, columns, nil
}

// asWritten undoes what the portal and a spreadsheet did to a cell: TRUE for
// True, times in American form, line ends of CSV.
func asWritten(column, text string) string {
	switch text {
	case "TRUE":
		return "True"
	case "FALSE":
		return "False"
	}
	if strings.HasSuffix(column, " [UTC]") {
		if t, err := time.Parse("1/2/2006, 3:04:05.000 PM", text); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	if strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\r\n") {
		return strings.TrimSuffix(text, "\n") + "\r\n"
	}
	return text
}

func readJSONRows(text []byte) (rows []row, columns []string, err error) {
	names := map[string]bool{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var fields map[string]any
		if err := decoder.Decode(&fields); errors.Is(err, io.EOF) {
			return rows, slices.Sorted(maps.Keys(names)), nil
		} else if err != nil {
			return nil, nil, err
		}
		r := row{}
		for name, value := range fields {
			names[name] = true
			if text := fmt.Sprint(value); text != "" {
				r[name] = text
			}
		}
		rows = append(rows, r)
	}
}
