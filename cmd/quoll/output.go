package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// formats are how a result can be printed.
var formats = []string{"table", "csv", "json"}

func writeResult(w io.Writer, format string, result *query.Result) error {
	buffered := bufio.NewWriter(w)
	for i, table := range append([]*query.Result{result}, result.More...) {
		if len(result.More) > 0 {
			writeTitle(buffered, format, table.Name, i)
		}
		if err := writeOne(buffered, format, table, terminalWidth(w)); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// writeTitle names one of several tables. JSON lines have one object a row, so
// a table there begins with an object of its name.
func writeTitle(w io.Writer, format, name string, i int) {
	if name == "" {
		name = "table " + strconv.Itoa(i+1)
	}
	if format == "json" {
		title, _ := json.Marshal(map[string]string{"$table": name}) // a string always encodes
		fmt.Fprintf(w, "%s\n", title)
		return
	}
	if i > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "── %s\n", name)
}

func writeOne(w io.Writer, format string, result *query.Result, width int) error {
	switch format {
	case "table":
		return writeTable(w, result, width)
	case "csv":
		return writeCSV(w, result)
	case "json":
		return writeJSONLines(w, result)
	}
	return usageError(fmt.Errorf("format %q: it is one of %s", format, strings.Join(formats, ", ")))
}

// terminalWidth is the width of w in columns, or 0 where it is no terminal.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// cellText prints a value as Kusto does.
func cellText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.RawMessage:
		return string(v)
	case time.Time:
		return types.FormatDateTime(v)
	case types.Ticks:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(value)
}

func writeCSV(w io.Writer, result *query.Result) error {
	out := csv.NewWriter(w)
	record := make([]string, len(result.Columns))
	for i, c := range result.Columns {
		record[i] = c.Name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range result.Rows {
		for i, value := range row {
			record[i] = cellText(value)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeJSONLines prints one object a row, with the columns in their order.
func writeJSONLines(w io.Writer, result *query.Result) error {
	names := make([][]byte, len(result.Columns))
	for i, c := range result.Columns {
		name, err := json.Marshal(c.Name)
		if err != nil {
			return err
		}
		names[i] = append(name, ':')
	}
	for _, row := range result.Rows {
		line := []byte{'{'}
		for i, value := range row {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(line, names[i]...)
			cell, err := cellJSON(value)
			if err != nil {
				return fmt.Errorf("column %s: %w", result.Columns[i].Name, err)
			}
			line = append(line, cell...)
		}
		if _, err := w.Write(append(line, '}', '\n')); err != nil {
			return err
		}
	}
	return nil
}

func cellJSON(value any) ([]byte, error) {
	switch v := value.(type) {
	case time.Time, types.Ticks:
		return json.Marshal(cellText(v))
	case float64:
		if text, err := json.Marshal(v); err == nil {
			return text, nil
		}
		return json.Marshal(cellText(v)) // NaN and infinities
	}
	return json.Marshal(value)
}

// Bounds of a cell in a table on a terminal, in runes.
const (
	minCell = 8
	maxCell = 60
)

// writeTable prints aligned columns. On a terminal of known width, cells are
// cut so that a row takes one line; a table that still does not fit is printed
// one row after the other, a line a column.
func writeTable(w io.Writer, result *query.Result, width int) error {
	widths := make([]int, len(result.Columns))
	cells := make([][]string, len(result.Rows))
	for i, c := range result.Columns {
		widths[i] = utf8.RuneCountInString(c.Name)
	}
	for r, row := range result.Rows {
		cells[r] = make([]string, len(row))
		for i, value := range row {
			text := oneLine(cellText(value))
			cells[r][i] = text
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	if width > 0 {
		if !fit(widths, width) {
			return writeRecords(w, result, cells)
		}
	}
	if err := writeRow(w, names(result), widths, nil); err != nil {
		return err
	}
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("─", n)
	}
	if err := writeRow(w, rule, widths, nil); err != nil {
		return err
	}
	for _, row := range cells {
		if err := writeRow(w, row, widths, result.Columns); err != nil {
			return err
		}
	}
	return nil
}

func names(result *query.Result) []string {
	all := make([]string, len(result.Columns))
	for i, c := range result.Columns {
		all[i] = c.Name
	}
	return all
}

// fit cuts the widest columns until a row fits into width.
func fit(widths []int, width int) bool {
	total := func() (sum int) {
		for _, n := range widths {
			sum += n + 2
		}
		return sum - 2
	}
	for i, n := range widths {
		widths[i] = min(n, max(maxCell, width/3))
	}
	for total() > width {
		widest := 0
		for i, n := range widths {
			if n > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= minCell {
			return false
		}
		widths[widest]--
	}
	return true
}

func writeRow(w io.Writer, row []string, widths []int, columns []query.Column) error {
	var b strings.Builder
	for i, text := range row {
		if i > 0 {
			b.WriteString("  ")
		}
		text = cut(text, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if columns != nil && isNumber(columns[i].Type) {
			b.WriteString(pad + text)
			continue
		}
		b.WriteString(text)
		if i < len(row)-1 {
			b.WriteString(pad)
		}
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func isNumber(t types.Type) bool {
	return t == types.Int || t == types.Long || t == types.Real || t == types.Decimal
}

func writeRecords(w io.Writer, result *query.Result, cells [][]string) error {
	widest := 0
	for _, c := range result.Columns {
		widest = max(widest, utf8.RuneCountInString(c.Name))
	}
	for r, row := range cells {
		if _, err := fmt.Fprintf(w, "── row %d\n", r+1); err != nil {
			return err
		}
		for i, text := range row {
			if text == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "%-*s  %s\n", widest, result.Columns[i].Name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	return string(runes[:width-1]) + "…"
}

// oneLine keeps a cell on its line and a terminal safe from what a cell holds:
// control characters are shown, not sent.
func oneLine(text string) string {
	clean := true
	for _, r := range text {
		if r < ' ' || r == 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f:
			return '\uFFFD'
		}
		return r
	}, text)
}
