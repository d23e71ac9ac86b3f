package collect

import (
	"slices"
	"testing"
)

func TestContainersHaveTablesNames(t *testing.T) {
	for in, want := range map[string]string{DefenderPrefix + "emailevents": "EmailEvents", DefenderPrefix + "somethingnew": "somethingnew", "my-Hub": "my-Hub"} {
		if got := DefenderTable(in); got != want {
			t.Errorf("table of %s is %s, want %s", in, got, want)
		}
	}
	if !slices.IsSorted(defenderTables) {
		t.Error("the tables are out of order")
	}
}
