package format

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

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
	case float64:
		if math.IsInf(v, 0) { // as tostring() has it
			return strings.TrimPrefix(fmt.Sprint(v), "+") + "inity"
		}
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
