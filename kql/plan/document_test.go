package plan_test

import (
	"testing"

	"github.com/quoll/quoll/kql/plan"
)

func TestWithinString(t *testing.T) {
	for text, want := range map[string]bool{
		"203.0.113.10:20864": true, "203.0.113.10": true, "contoso 20865": true, "contoso:20865": true, "20865@contoso": true, "köln5": true,
		"20865": false, ":contoso": false, "2.0865e4": false, "-20865": false, "+2": false, "12:30": false, "": false,
		`contoso":20865`: false, `"contoso`: false, "contoso,5": false, "[contoso": false, "contoso}": false, "contoso\n5": false, `contoso\5`: false,
		"Infinity5": false, "NaN x": false,
	} {
		if got := plan.WithinString(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
