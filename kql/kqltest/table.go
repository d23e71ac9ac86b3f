package kqltest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/quoll/quoll/kql/types"
)

// parseTable reads a table's columns and rows.
func parseTable(name, text string) (*Table, error) {
	if name == "" {
		return nil, fmt.Errorf("a table needs a name")
	}
	lines := contentLines(text)
	if len(lines) == 0 {
		return nil, fmt.Errorf("table %s has no line with columns", name)
	}
	table := &Table{Name: name}
	for _, field := range splitCells(lines[0]) {
		column, spelling, _ := strings.Cut(field, ":")
		t, ok := types.ParseType(spelling)
		if !ok {
			return nil, fmt.Errorf("table %s: column %q needs a type, as in name:string", name, field)
		}
		table.Columns = append(table.Columns, Column{Name: column, Type: t})
	}
	for _, line := range lines[1:] {
		row, err := parseRow(line, table.Columns)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		table.Rows = append(table.Rows, row)
	}
	return table, nil
}

func contentLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// splitCells cuts a line where two spaces or a tab stand outside of quotes.
func splitCells(line string) []string {
	var cells []string
	start, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch {
		case i == start && line[i] == '"':
			quoted = true
		case quoted && line[i] == '\\':
			i++
		case quoted && line[i] == '"':
			quoted = false
		case !quoted && (line[i] == '\t' || strings.HasPrefix(line[i:], "  ")):
			cells = append(cells, line[start:i])
			for i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t') {
				i++
			}
			start = i + 1
		}
	}
	return append(cells, line[start:])
}

func parseRow(line string, columns []Column) ([]any, error) {
	cells := splitCells(line)
	if len(cells) != len(columns) {
		return nil, fmt.Errorf("row %q has %d cells for %d columns", line, len(cells), len(columns))
	}
	row := make([]any, len(cells))
	for i, text := range cells {
		value, err := parseCell(text, columns[i].Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].Name, err)
		}
		row[i] = value
	}
	return row, nil
}

// parseCell reads a cell; dynamic gives its JSON text as a string.
func parseCell(text string, t types.Type) (any, error) {
	if text == "null" {
		if t == types.String {
			return nil, fmt.Errorf(`a string is never null; write "" or "null"`)
		}
		return nil, nil
	}
	if t != types.Dynamic && strings.HasPrefix(text, `"`) {
		var inner string
		if err := json.Unmarshal([]byte(text), &inner); err != nil {
			return nil, fmt.Errorf("cell %s: %w", text, err)
		}
		text = inner
	}
	value, ok := parseValue(text, t)
	if !ok {
		return nil, fmt.Errorf("%q is no %s", text, t)
	}
	return value, nil
}

func parseValue(text string, t types.Type) (any, bool) {
	switch t {
	case types.String, types.Decimal:
		return text, true
	case types.Guid:
		return strings.ToLower(text), true
	case types.Dynamic:
		return text, json.Valid([]byte(text))
	case types.Bool:
		b, err := strconv.ParseBool(text)
		return b, err == nil
	case types.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		return int32(n), err == nil
	case types.Long:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case types.Real:
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil
	case types.DateTime:
		at, ok := types.ParseDateTime(text)
		return at, ok
	case types.TimeSpan:
		ticks, ok := types.ParseTimeSpan(text)
		return ticks, ok
	}
	return nil, false
}

// formatCell returns the text of a cell. Cells that are equal have equal texts:
// JSON has no spaces and sorted keys, reals have twelve digits.
func formatCell(value any, t types.Type) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		if t == types.Dynamic {
			return formatJSON([]byte(v))
		}
		return formatText(v)
	case json.RawMessage:
		return formatJSON(v)
	case float64:
		if math.Abs(v) < 1e15 && v == math.Trunc(v) {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return strconv.FormatFloat(v, 'g', 12, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.9999999Z")
	}
	return fmt.Sprint(value)
}

// formatText leaves a text bare where parseCell gives it back.
func formatText(s string) string {
	bare := s != "" && s != "null" && s[0] != '"' && !strings.Contains(s, "  ") && strings.TrimSpace(s) == s && !strings.HasPrefix(s, "-- ")
	for _, r := range s {
		if !unicode.IsPrint(r) {
			bare = false
		}
	}
	if bare {
		return s
	}
	return quoteJSON(s)
}

func quoteJSON(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func formatJSON(text []byte) string {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return fmt.Sprintf("invalid JSON %q", text)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(canonical(value)); err != nil {
		return fmt.Sprintf("invalid JSON %q", text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// canonical gives equal numbers one spelling: 1.0 and 1 are the same.
func canonical(value any) any {
	switch v := value.(type) {
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return v
		}
		f, err := v.Float64()
		if err != nil {
			return v
		}
		return json.Number(formatCell(f, types.Real))
	case []any:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = canonical(v[key])
		}
	}
	return value
}

// formatRows returns a table with its columns below each other.
func formatRows(columns []Column, rows [][]any, typed bool) string {
	lines := make([][]string, 0, len(rows)+1)
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.Name
		if typed {
			header[i] += ":" + c.Type.String()
		}
	}
	lines = append(lines, header)
	for _, row := range rows {
		line := make([]string, len(columns))
		for i, value := range row {
			line[i] = formatCell(value, columns[i].Type)
		}
		lines = append(lines, line)
	}
	return alignColumns(lines)
}

func alignColumns(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], min(len([]rune(cell)), 40))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			text.WriteString(cell)
			if i < len(line)-1 {
				text.WriteString(strings.Repeat(" ", max(widths[i]-len([]rune(cell)), 0)+2))
			}
		}
		b.WriteString(text.String() + "\n")
	}
	return b.String()
}
