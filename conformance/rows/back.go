package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// readBack imports Sentinel's CSV exports and compares every cell with the row
// that Quoll makes of it.
func readBack(w io.Writer, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "sentinel_officeactivity_export*.csv"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		table, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))).ReadAll()
		if err != nil {
			return err
		}
		result := normalise.New(normalise.Config{WorkspaceID: "w"}).Payload(model.Payload{
			Format: model.FormatOfficeActivityCSV, Line: 1, Received: received, Body: text,
		})
		if len(result.Records) != len(table)-1 {
			return fmt.Errorf("%s: %d rows became %d", file, len(table)-1, len(result.Records))
		}
		same, other := 0, 0
		for i, record := range result.Records {
			s, o := compareCells(w, table[0], table[1+i], record.Rows[0])
			same, other = same+s, other+o
		}
		fmt.Fprintf(w, "%s, imported: %d rows, %d filled cells as exported, %d not\n", filepath.Base(file), len(result.Records), same, other)
	}
	if err := readBackJSON(w, dir); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}

// readBackJSON does the same with rows in JSON.
func readBackJSON(w io.Writer, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*officeactivity.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rows, _, err := readJSONRows(text)
		if err != nil {
			return err
		}
		result := normalise.New(normalise.Config{WorkspaceID: "w"}).Payload(model.Payload{
			Format: model.FormatOfficeActivityJSON, Received: received, Body: text,
		})
		if len(result.Records) != len(rows) {
			return fmt.Errorf("%s: %d rows became %d", file, len(rows), len(result.Records))
		}
		same, other := 0, 0
		for i, record := range result.Records {
			names := slices.Sorted(maps.Keys(rows[i]))
			fields := make([]string, len(names))
			for n, name := range names {
				fields[n] = rows[i][name]
			}
			s, o := compareCells(w, names, fields, record.Rows[0])
			same, other = same+s, other+o
		}
		fmt.Fprintf(w, "%s, imported: %d rows, %d filled cells as exported, %d not\n", filepath.Base(file), len(result.Records), same, other)
	}
	return nil
}

func compareCells(w io.Writer, names, fields []string, made schema.Row) (same, other int) {
	for i, name := range names {
		column, ok := made.Table.Column(strings.TrimSuffix(name, " [UTC]"))
		if !ok || fields[i] == "" || name == "TenantId" {
			continue
		}
		got := made.Value(column).String()
		if got == asWritten(name, fields[i]) || got == fields[i] || sameJSON(got, fields[i]) {
			same++
			continue
		}
		other++
		fmt.Fprintf(w, "  %s: %.60q became %.60q\n", name, fields[i], got)
	}
	return same, other
}

func sameJSON(a, b string) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, []byte(a)) == nil && json.Compact(&y, []byte(b)) == nil && x.String() == y.String()
}
