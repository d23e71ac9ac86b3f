package normalise_test

import (
	"fmt"
	"testing"

	"github.com/quoll/quoll/model"
)

// TestDefaultsAreNoTimes: a time that stands for none would have retention remove
// the record the moment it comes, or be the last that is heard of its source.
func TestDefaultsAreNoTimes(t *testing.T) {
	const arrived = "2026-10-01T12:00:00Z"
	for text, want := range map[string]string{
		"0001-01-01T00:00:00":         arrived,
		"1601-01-01T00:00:00Z":        arrived,
		"1900-01-01T00:00:00":         arrived,
		"9999-12-31T23:59:59.9999999": arrived,
		"1970-01-01T00:00:00":         "1970-01-01T00:00:00Z",
		"2031-01-01T00:00:00":         "2031-01-01T00:00:00Z",
	} {
		r := rowsOf(t, model.FormatAuditLines, fmt.Sprintf(`{"CreationTime":%q,"Id":"a","Workload":"Exchange"}`, text))
		for _, table := range []string{"OfficeActivity", "UnifiedAuditLog"} {
			if got := valueOf(t, r, table, "TimeGenerated"); got != want {
				t.Errorf("%s in %s is at %s, want %s", text, table, got, want)
			}
		}
		if fallen := r.Counts.Times == 1; fallen != (want == arrived) {
			t.Errorf("%s: %d records without a time of their own", text, r.Counts.Times)
		}
	}
}
