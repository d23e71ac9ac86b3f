package external

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/types"
)

// delimiters are the formats of delimited text, by what stands between values.
var delimiters = map[string]rune{"csv": ',', "tsv": '\t', "tsve": '\t', "psv": '|', "scsv": ';', "sohsv": '\x01'}

// formatNames are for messages.
const formatNames = "csv, json, multijson, psv, raw, scsv, sohsv, tsv and txt"

// formatOf is the format that is asked for, else the one that the name of the
// file says, else csv.
func formatOf(asked, name string) string {
	if asked != "" {
		return strings.ToLower(asked)
	}
	switch ending := strings.TrimPrefix(strings.ToLower(path.Ext(strings.TrimSuffix(name, ".gz"))), "."); {
	case ending == "txt", ending == "json", ending == "raw", delimiters[ending] != 0:
		return ending
	case ending == "jsonl", ending == "ndjson":
		return "json"
	}
	return "csv"
}

// unpacked reads a body, and unpacks it where it is gzip.
func unpacked(body io.Reader, most int64) ([]byte, error) {
	in := bufio.NewReader(body)
	if start, err := in.Peek(2); err == nil && start[0] == 0x1f && start[1] == 0x8b {
		packed, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(packed, most+1))
	}
	return io.ReadAll(in)
}

// decode reads the rows of a file.
func decode(body []byte, format string, asked bind.External) ([][]any, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	switch {
	case delimiters[format] != 0:
		return decodeDelimited(text, delimiters[format], asked)
	case format == "txt":
		return decodeLines(text, asked), nil
	case format == "raw":
		return [][]any{cells([]string{text}, asked)}, nil
	case format == "json", format == "multijson":
		return decodeJSON(text, asked)
	}
	return nil, refuse("formats are "+formatNames, "externaldata does not read the format %q", format)
}

// decodeDelimited reads delimited text. A row may have fewer values than the
// table has columns; what it has more is left out.
func decodeDelimited(text string, delimiter rune, asked bind.External) ([][]any, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = delimiter, -1, true
	var rows [][]any
	for first := asked.IgnoreFirstRecord; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if !first {
			rows = append(rows, cells(record, asked))
		}
	}
}

// decodeLines reads lines of text into the first column.
func decodeLines(text string, asked bind.External) [][]any {
	var rows [][]any
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	for i, line := range lines {
		if i > 0 || !asked.IgnoreFirstRecord {
			rows = append(rows, cells([]string{strings.TrimSuffix(line, "\r")}, asked))
		}
	}
	return rows
}

// cells gives a row of texts. What is no text, number or time is JSON, and where
// it is none its text.
func cells(record []string, asked bind.External) []any {
	row := make([]any, len(asked.Columns))
	for i, c := range asked.Columns {
		switch {
		case i >= len(record):
		case c.Type == types.Dynamic && json.Valid([]byte(record[i])):
			row[i] = json.RawMessage(record[i])
		case c.Type == types.Dynamic && record[i] == "":
		default:
			row[i] = record[i]
		}
	}
	return row
}

// decodeJSON reads objects, one after the other or in an array. A column is the
// member of its name.
func decodeJSON(text string, asked bind.External) ([][]any, error) {
	var rows [][]any
	d := json.NewDecoder(strings.NewReader(text))
	for {
		var value json.RawMessage
		err := d.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("record %d is no JSON: %w", len(rows)+1, err)
		}
		objects := []json.RawMessage{value}
		if value[0] == '[' {
			if err := json.Unmarshal(value, &objects); err != nil {
				return nil, err
			}
		}
		for _, object := range objects {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(object, &members); err != nil {
				return nil, fmt.Errorf("record %d is no JSON object: %w", len(rows)+1, err)
			}
			row := make([]any, len(asked.Columns))
			for i, c := range asked.Columns {
				if value, ok := members[c.Name]; ok && string(value) != "null" {
					row[i] = value
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}
