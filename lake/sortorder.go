package lake

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/quoll/quoll/schema"
)

// sortColumns are the columns by which the rows of a part of a day are sorted in a
// compacted file: those that most queries filter by, the one with the fewest
// values first. Rows that are alike lie together then, which makes files small
// and lets a reader leave out row groups. Records of a workload are more alike than
// operations whose names begin alike. Other tables are sorted by time.
var sortColumns = map[string][]string{
	schema.UnifiedAuditLog:          {"Workload", "Operation", "UserId"},
	schema.UnifiedAuditLogRevisions: {"Workload", "Operation", "UserId"},
	schema.OfficeActivity:           {"OfficeWorkload", "Operation", "UserId"},
	schema.EmailEvents:              {"SenderFromDomain", "SenderFromAddress"},
	schema.EmailAttachmentInfo:      {"SenderFromAddress", "FileName"},
	schema.EmailUrlInfo:             {"UrlDomain"},
	schema.UrlClickEvents:           {"ActionType", "AccountUpn"},
	schema.CloudAppEvents:           {"ActionType", "AccountObjectId"},
}

// maxParts is how many parts a day has at most. A part has at least half as many rows as
// a row group: a query for a few hours of a day with many rows leaves out the others, and
// rows of one kind lie together, so that a query for them passes over all others.
const maxParts = 24

// sortRow is a row that is being sorted; ranks say where its values stand among
// all values of their columns.
type sortRow struct {
	ref   rowRef
	ranks [3]uint32 // of as many as there are in sortColumns at most
}

// sortLasting returns the rows of a generation in the order of a compacted file.
func sortLasting(t *tableState, generation []batch, groupRows int) []rowRef {
	var rows []sortRow
	for i, b := range generation {
		times := b.records.Column(t.timeColumn()).(*array.Timestamp)
		for row := range b.rows {
			rows = append(rows, sortRow{ref: rowRef{int64(times.Value(row)), int32(i), int32(row)}})
		}
	}
	for n, name := range sortColumns[t.schema.Name] {
		if column, ok := t.schema.Column(name); ok {
			rank(rows, n, generation, column)
		}
	}
	byTime := func(a, b sortRow) int {
		return cmp.Or(cmp.Compare(a.ref.time, b.ref.time), cmp.Compare(a.ref.batch, b.ref.batch), cmp.Compare(a.ref.row, b.ref.row))
	}
	slices.SortFunc(rows, byTime)
	parts := min(max(2*len(rows)/groupRows, 1), maxParts)
	for part := range parts {
		slices.SortFunc(rows[len(rows)*part/parts:len(rows)*(part+1)/parts], func(a, b sortRow) int {
			return cmp.Or(slices.Compare(a.ranks[:], b.ranks[:]), byTime(a, b))
		})
	}
	refs := make([]rowRef, len(rows))
	for i, r := range rows {
		refs[i] = r.ref
	}
	return refs
}

// rank fills the nth rank of every row from a column of texts.
func rank(rows []sortRow, n int, generation []batch, column int) {
	numbers := map[string]uint32{}
	var values []string
	for _, r := range rows {
		texts, ok := generation[r.ref.batch].records.Column(column).(*array.String)
		if !ok {
			return
		}
		v := texts.Value(int(r.ref.row))
		if _, ok := numbers[v]; !ok {
			numbers[v] = 0
			values = append(values, v)
		}
	}
	slices.Sort(values)
	for i, v := range values {
		numbers[v] = uint32(i)
	}
	for i := range rows {
		ref := rows[i].ref
		rows[i].ranks[n] = numbers[generation[ref.batch].records.Column(column).(*array.String).Value(int(ref.row))]
	}
}
