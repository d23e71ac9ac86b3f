package query

import (
	"testing"
	"time"

	"github.com/quoll/quoll/kql/plan"
)

// A query may ask for more than the defaults, never for more than its request
// allows or the server gives at all.
func TestLimitsOfQueryAndRequest(t *testing.T) {
	d, most := DefaultLimits(), GreatestLimits()
	for name, test := range map[string]struct {
		request, want Limits
		set           plan.Limits
	}{
		"nothing asked":        {Limits{}, d, plan.Limits{}},
		"no truncation":        {Limits{}, Limits{most.Rows, most.Bytes, d.Time}, plan.Limits{NoTruncation: true}},
		"within the request":   {Limits{Rows: 10}, Limits{10, most.Bytes, d.Time}, plan.Limits{NoTruncation: true}},
		"fewer rows":           {Limits{}, Limits{5, d.Bytes, d.Time}, plan.Limits{Rows: 5}},
		"more than the server": {Limits{}, Limits{most.Rows, d.Bytes, d.Time}, plan.Limits{Rows: 1 << 60}},
		"a longer run":         {Limits{}, Limits{d.Rows, d.Bytes, most.Time}, plan.Limits{NoTimeout: true}},
		"a shorter run":        {Limits{Time: time.Minute}, Limits{d.Rows, d.Bytes, time.Second}, plan.Limits{Time: time.Second, NoTimeout: true}},
		"a large request":      {Limits{Rows: 900_000}, Limits{900_000, d.Bytes, d.Time}, plan.Limits{}},
	} {
		if got := test.request.settle(test.set); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}
