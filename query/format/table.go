package format

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// Bounds of a cell in a table on a terminal, in runes.
const (
	minCell = 8
	maxCell = 60
)

// writeTable prints aligned columns. Within a known width, cells are cut so
// that a row takes one line; a table that still does not fit, or a single row
// of which something would be cut, is printed a line a column.
func writeTable(w io.Writer, result *query.Result, o Options) error {
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
	if o.Vertical || !fit(widths, o.Width, len(cells) == 1) {
		return writeRecords(w, result, cells)
	}
	if err := writeRow(w, names(result), widths, result.Columns); err != nil {
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

// fit cuts the widest columns until a row fits into width; 0 is no bound. It
// reports false when that cannot be, or when nothing may be cut.
func fit(widths []int, width int, whole bool) bool {
	if width <= 0 {
		return true
	}
	total := 2 * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	if whole {
		return total <= width
	}
	for i, n := range widths {
		widths[i] = min(n, max(maxCell, width/3))
		total -= n - widths[i]
	}
	for total > width {
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
		total--
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
		if unicode.IsControl(r) {
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
		case unicode.IsControl(r):
			return '\uFFFD'
		}
		return r
	}, text)
}
