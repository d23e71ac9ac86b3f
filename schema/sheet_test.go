package schema_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/schema"
)

// TestSetTextIsSetOfAText fills two sheets with the same texts, ranks, repeats and rows
// that are forgotten.
func TestSetTextIsSetOfAText(t *testing.T) {
	table, _ := schema.Lookup(schema.UnifiedAuditLog)
	text, _ := table.Column("Operation")
	number, _ := table.Column("RecordType")
	document, _ := table.Column("Record")
	r := rand.New(rand.NewPCG(61, 1))
	one, two := schema.NewSheet(table), schema.NewSheet(table)
	var rows [2][]schema.Row
	for row := range 1000 {
		one.Begin()
		two.Begin()
		for range r.IntN(4) {
			value, rank := fmt.Sprint("value ", row, r.IntN(5)), r.IntN(3)
			one.Set(text, schema.String(value), rank)
			two.SetText(text, value, rank)
			two.SetText(number, value, rank)
			two.SetText(document, value, rank)
			if one.Value(text) != two.Value(text) {
				t.Fatalf("row %d: %v and %v", row, one.Value(text), two.Value(text))
			}
		}
		if r.IntN(5) > 0 {
			rows[0], rows[1] = append(rows[0], one.End()), append(rows[1], two.End())
		}
	}
	for i := range rows[0] {
		if a, b := rows[0][i].Value(text), rows[1][i].Value(text); a != b {
			t.Errorf("row %d: %v and %v", i, a, b)
		}
		for _, other := range []int{number, document} {
			if v := rows[1][i].Value(other); !v.IsNull() {
				t.Errorf("row %d: column %d took the text %v", i, other, v)
			}
		}
	}
}
