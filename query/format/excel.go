package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// Bounds of Excel, https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3.
const (
	sheetRows    = 1_048_576 // the header is one of them
	sheetColumns = 16_384
	cellRunes    = 32_767
)

// maxExcelInteger is the largest whole number below which every one is exact in
// the doubles that Excel keeps: 2^53 - 1.
const maxExcelInteger = 1<<53 - 1

// The years in which Excel has dates.
const firstExcelYear, lastExcelYear = 1900, 9999

// writeExcel writes a workbook with a sheet for each table. Rows go through a
// temporary file once they are many, so that they are not in memory twice.
// Times are dates in UTC; whole numbers beyond 2^53, decimals, timespans and
// dynamics are text, as nothing of Excel's holds them exactly. Text is text: none
// of it is a formula, whatever it begins with. Longer text than a cell takes is
// cut, and ends in "…".
func writeExcel(w io.Writer, result *query.Result) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	styles, err := newExcelStyles(book)
	if err != nil {
		return fmt.Errorf("write Excel: %w", err)
	}
	for i, table := range append([]*query.Result{result}, result.More...) {
		name := sheetName(table.Name, i)
		if i == 0 {
			err = book.SetSheetName(book.GetSheetName(0), name)
		} else {
			_, err = book.NewSheet(name)
		}
		if err != nil {
			return fmt.Errorf("write Excel: sheet %q: %w", name, err)
		}
		if err := writeSheet(book, name, table, styles); err != nil {
			return fmt.Errorf("write Excel: sheet %q: %w", name, err)
		}
	}
	if err := book.Write(w); err != nil {
		return fmt.Errorf("write Excel: %w", err)
	}
	return nil
}

// excelStyles are the numbers of a workbook's styles.
type excelStyles struct{ header, instant int }

func newExcelStyles(book *excelize.File) (s excelStyles, err error) {
	if s.header, err = book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return s, err
	}
	instant := "yyyy-mm-dd hh:mm:ss.000"
	s.instant, err = book.NewStyle(&excelize.Style{CustomNumFmt: &instant})
	return s, err
}

// sheetName is a name that Excel takes, which no other sheet has.
func sheetName(name string, i int) string {
	clean := []rune{}
	for _, r := range name {
		if r != ':' && r != '\\' && r != '/' && r != '?' && r != '*' && r != '[' && r != ']' && r != '\'' && r >= ' ' {
			clean = append(clean, r)
		}
	}
	number := strconv.Itoa(i + 1)
	switch {
	case len(clean) == 0 && i == 0:
		return "Results"
	case len(clean) == 0:
		return "Table " + number
	}
	if i > 0 {
		clean = append(clean[:min(len(clean), 26)], []rune(" "+number)...)
	}
	return string(clean[:min(len(clean), 31)])
}

func writeSheet(book *excelize.File, name string, table *query.Result, styles excelStyles) error {
	if len(table.Rows) >= sheetRows {
		return fmt.Errorf("%d rows, and a sheet holds %d: narrow the query, or take Parquet or CSV", len(table.Rows), sheetRows-1)
	}
	if len(table.Columns) > sheetColumns {
		return fmt.Errorf("%d columns, and a sheet holds %d: project fewer", len(table.Columns), sheetColumns)
	}
	out, err := book.NewStreamWriter(name)
	if err != nil {
		return err
	}
	if len(table.Columns) == 0 {
		return out.Flush()
	}
	if err := layOut(out, table); err != nil {
		return err
	}
	cells := make([]any, len(table.Columns))
	for i, c := range table.Columns {
		cells[i] = excelize.Cell{StyleID: styles.header, Value: c.Name}
	}
	if err := out.SetRow("A1", cells); err != nil {
		return err
	}
	for i, row := range table.Rows {
		for k, value := range row {
			cells[k] = excelCell(table.Columns[k].Type, value, styles)
		}
		if err := out.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// layOut keeps the header in sight and gives columns a width that suits their
// type; it must come before the rows.
func layOut(out *excelize.StreamWriter, table *query.Result) error {
	for i, c := range table.Columns {
		width := 14.0
		switch c.Type {
		case types.DateTime:
			width = 23
		case types.String, types.Dynamic, types.Guid:
			width = 32
		}
		if err := out.SetColWidth(i+1, i+1, max(width, float64(min(40, utf8.RuneCountInString(c.Name)+2)))); err != nil {
			return err
		}
	}
	return out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

func excelCell(t types.Type, value any, styles excelStyles) any {
	if n, ok := value.(json.Number); ok && t != types.Decimal { // of a server
		if whole, err := n.Int64(); err == nil {
			value = whole
		} else if real, err := n.Float64(); err == nil {
			value = real
		}
	}
	switch v := value.(type) {
	case nil, bool, int32:
		return v
	case int64:
		if v >= -maxExcelInteger && v <= maxExcelInteger {
			return v
		}
	case float64:
		if v-v == 0 { // neither infinite nor not a number
			return v
		}
	case time.Time:
		if at := v.UTC(); at.Year() >= firstExcelYear && at.Year() <= lastExcelYear {
			return excelize.Cell{StyleID: styles.instant, Value: at}
		}
	}
	if t == types.DateTime {
		if at, err := instant(value); err == nil && at.Year() >= firstExcelYear && at.Year() <= lastExcelYear {
			return excelize.Cell{StyleID: styles.instant, Value: at.UTC()}
		}
	}
	return cutText(cellText(value))
}

// cutText cuts what is longer than a cell holds. Excel counts UTF-16 units.
func cutText(text string) string {
	if len(text) <= cellRunes {
		return text
	}
	units := 0
	for at, r := range text {
		units++
		if r > 0xFFFF {
			units++
		}
		if units >= cellRunes {
			return text[:at] + "…"
		}
	}
	return text
}
