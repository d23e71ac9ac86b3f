// Package text has the functions that take text apart: CSV, XML, user agents,
// command lines.
package text

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	return []native.Function{
		{Name: "parse_csv", Params: []types.Type{types.String}, Result: types.Dynamic, Call: parseCSV},
	}
}

// parseCSV splits the first record of CSV text (RFC 4180) into its fields.
func parseCSV(args []any) (any, error) {
	source, _ := args[0].(string)
	reader := csv.NewReader(strings.NewReader(source))
	reader.LazyQuotes = true
	reader.FieldsPerRecord = -1
	record, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return []any{""}, nil
	}
	if err != nil {
		return nil, nil
	}
	fields := make([]any, len(record))
	for i, field := range record {
		fields[i] = field
	}
	return fields, nil
}
