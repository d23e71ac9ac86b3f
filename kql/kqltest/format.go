package kqltest

import "github.com/quoll/quoll/kql/plan"

// Format returns rows as a section `rows` has them: a line with the columns and
// their types, then a line a row.
func Format(statement *plan.Statement, rows [][]any) string {
	columns := make([]Column, len(statement.Output))
	for i, o := range statement.Output {
		columns[i] = Column{Name: o.Name, Type: o.Column.Type}
	}
	return formatRows(columns, rows, true)
}

// Updating reports whether the test was started with -update.
func Updating() bool { return *update }
