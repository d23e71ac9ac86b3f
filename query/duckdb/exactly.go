package duckdb

import (
	"slices"

	"github.com/quoll/quoll/internal/termfilter"
	"github.com/quoll/quoll/kql/plan"
	sqlgen "github.com/quoll/quoll/kql/sqlgen/duckdb"
	"github.com/quoll/quoll/lake"
)

// What is sought of a table follows from conditions above its scan. Where those are on
// texts of columns, the lake asks rows for the conditions themselves, which is less than
// to look for terms, and finds no more rows than there are.

// filtersAbove returns the conditions that all rows of each scan meet that are not left
// out by them: of the filters between it and who else reads it.
func filtersAbove(root plan.Node) map[*plan.Scan][]plan.Expr {
	above := map[*plan.Scan][]plan.Expr{}
	readers := plan.Readers(root)
	plan.Visit(root, func(n plan.Node) {
		scan, ok := n.(*plan.Scan)
		if !ok {
			return
		}
		for len(readers[n]) == 1 {
			n = readers[n][0]
			switch of := n.(type) {
			case *plan.Filter:
				above[scan] = append(above[scan], of.Predicate)
				continue
			case *plan.Project, *plan.Sort:
				continue
			}
			break
		}
	})
	return above
}

// exactly returns conditions on texts of columns that what is asked of a scan follows from;
// nil if it follows from others too.
func (r *reader) exactly(set *ReadSet, scan *plan.Scan, asked *termfilter.Sought) []lake.Only {
	sources := map[*plan.Column]string{}
	for _, f := range scan.Fields {
		sources[f.Column] = f.Source
	}
	var all []lake.Only
	columns := map[string]bool{}
	_, others := sqlgen.Split(scan, set.TimeColumn, r.above[scan])
	for _, e := range others {
		if only, ok := onlyOf(e, sources); ok && !only.Anywhere() {
			all = append(all, only)
			only.EachColumn(func(column string) { columns[column] = true })
		}
	}
	for _, only := range amongTexts(r.narrow[scan].asked) {
		all = append(all, only)
		columns[only.Column] = true
	}
	for _, text := range asked.Texts() {
		if len(text.Columns) == 0 || slices.ContainsFunc(text.Columns, func(column string) bool { return !columns[column] }) {
			return nil
		}
	}
	return all
}

// amongTexts returns the conditions of s that the text of a column is one of several.
func amongTexts(s *plan.Sought) (all []lake.Only) {
	switch {
	case s == nil:
	case s.All != nil:
		for _, inner := range s.All {
			all = append(all, amongTexts(inner)...)
		}
	case s.Any == nil && s.Values != nil && len(s.Columns) == 1:
		all = append(all, lake.Only{Column: s.Columns[0], In: lake.NewTextSet(s.Values)})
	}
	return all
}
