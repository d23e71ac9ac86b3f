// Package format writes the result of a query for people and for programs: as a
// table that fits a terminal, as CSV, as JSON lines, as Parquet, as an Excel
// workbook.
//
// It knows no engine, no file and no terminal: it is told where to write and
// how wide that is.
package format

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/query"
)

// Names returns the formats. json and jsonl are the same: one object a row and
// line.
func Names() []string { return []string{"table", "csv", "json", "jsonl", "parquet", "xlsx"} }

// OfFile returns the format that a file's name says, or the empty string.
func OfFile(name string) string {
	extension := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	if extension != "table" && slices.Contains(Names(), extension) {
		return extension
	}
	return ""
}

// Check says what is wrong with the name of a format.
func Check(name string) error {
	if slices.Contains(Names(), name) {
		return nil
	}
	return fmt.Errorf("format %q: it is one of %s", name, strings.Join(Names(), ", "))
}

// Options say how a result is written.
type Options struct {
	Format   string // one of Names
	Width    int    // of the terminal in columns; 0 is no bound
	Vertical bool   // for a table: one row after the other, a line a column
}

// Write writes a result, and then the further tables of a query that gives
// several.
func Write(w io.Writer, result *query.Result, o Options) error {
	if err := Check(o.Format); err != nil {
		return err
	}
	switch o.Format {
	case "parquet":
		return writeParquet(w, result)
	case "xlsx":
		return writeExcel(w, result)
	}
	buffered := bufio.NewWriter(w)
	for i, table := range append([]*query.Result{result}, result.More...) {
		if len(result.More) > 0 {
			writeTitle(buffered, o.Format, table.Name, i)
		}
		if err := writeOne(buffered, table, o); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// writeTitle names one of several tables. JSON lines have one object a row, so
// a table there begins with an object of its name. A failed write shows when the
// buffer is flushed.
func writeTitle(w *bufio.Writer, format, name string, i int) {
	if name == "" {
		name = "table " + strconv.Itoa(i+1)
	}
	if format == "json" || format == "jsonl" {
		title, _ := json.Marshal(map[string]string{"$table": name}) // a string always encodes
		fmt.Fprintf(w, "%s\n", title)
		return
	}
	if i > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "── %s\n", oneLine(name))
}

func writeOne(w io.Writer, result *query.Result, o Options) error {
	switch o.Format {
	case "csv":
		return writeCSV(w, result)
	case "json", "jsonl":
		return writeJSONLines(w, result)
	}
	return writeTable(w, result, o)
}
