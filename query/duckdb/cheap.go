package duckdb

import (
	"slices"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// quickToRead reports whether the engine reads the whole of a row group in less time than
// the lake finds rows of it: where rows are sought by what kind of act they are, and
// nothing of them is wanted that is long. In its dictionary the kind of all rows takes
// a quarter of a millisecond, and of the other columns the engine unpacks what it needs.
func quickToRead(scan *plan.Scan, asked *termfilter.Sought) bool {
	if hasDocument(scan) {
		return false
	}
	key := query.KeyColumn(scan.Table)
	for _, text := range asked.Texts() {
		if len(text.Columns) != 1 || text.Columns[0] != key {
			return false
		}
	}
	return key != ""
}

// hasDocument reports whether a scan reads documents.
func hasDocument(scan *plan.Scan) bool {
	return slices.ContainsFunc(scan.Fields, func(f plan.Field) bool { return f.Column.Type == types.Dynamic })
}

// worthAnItem is how many rows the engine goes through for the key alone in the half
// millisecond that it takes to plan a further part of a table.
const worthAnItem = 128 << 10

// simpler has a file that is quick to read be read whole, where parts of it would be
// more work.
func (n *narrowed) simpler() {
	rest := n.file.Rows
	for _, p := range n.parts {
		rest -= p.Rows()
	}
	if rest <= int64(len(n.spans()))*worthAnItem {
		n.all, n.parts = true, nil
	}
}
