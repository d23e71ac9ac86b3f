package schema

import (
	"strings"
	"testing"
)

func TestAnEmptySheetKeepsBoundedMemory(t *testing.T) {
	table, _ := Lookup(UnifiedAuditLog)
	s := NewSheet(table)
	fill := func(bytes int) {
		for i, c := range table.Columns {
			if c.Type == TypeString {
				s.Begin()
				s.SetText(i, strings.Repeat("x", bytes), 0)
				s.End()
			}
		}
		s.Reset()
	}
	kept := func() (sum int) {
		for i := range s.series {
			sum += s.series[i].memory()
		}
		return sum
	}
	fill(1000)
	if allocations := testing.AllocsPerRun(10, func() { fill(1000) }); allocations > float64(len(table.Columns)) { // the texts of the test
		t.Errorf("%v allocations for rows that the sheet had room for", allocations)
	}
	fill(200 << 10)
	if sum := kept(); sum > maxKept || sum < maxKept/2 {
		t.Errorf("%d bytes are kept", sum)
	}
	fill(2 << 20)
	if sum := kept(); sum > maxKept {
		t.Errorf("%d bytes are kept", sum)
	}
}
