package activity

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// A blob that comes as nothing at all is not taken for one without records: it is
// asked for again, and status and calendar say what it waits for.
func TestAnEmptyAnswerIsNamedAndTriedAgain(t *testing.T) {
	for name, empty := range map[string]func(*http.Request) (*http.Response, error){
		"nothing":         says(200, ""),
		"space":           says(200, " \r\n"),
		"byte order mark": says(200, byteOrderMark),
		"no content":      says(204, ""),
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.feed.fault = once(-1, http.MethodGet, id(1), empty)
				created := time.Now().Add(-time.Hour)
				r.feed.add(exchange, id(1), created)
				r.feed.add(exchange, id(2), time.Now().Add(-time.Hour))
				r.start()
				r.run(10 * time.Minute)
				r.wantJournalled(id(2))
				if s := r.stream(); s.Health != collect.HealthDegraded || s.Problem == nil || s.Problem.Code != codeEmpty || s.Counts.Failed != 1 {
					t.Errorf("status %+v, problem %+v; want it degraded by %q", s, s.Problem, codeEmpty)
				}
				hour := collect.Window{From: created.Truncate(time.Hour), To: created.Truncate(time.Hour).Add(time.Hour)}
				c, err := r.ledger.Calendar(r.t.Context(), collect.Stream{Tenant: testTenant, ContentType: exchange}, hour, time.Now())
				if err != nil || len(c.Hours) != 1 {
					t.Fatalf("calendar %+v, error %v", c, err)
				}
				if h := c.Hours[0]; h.State == collect.HourComplete || !strings.HasPrefix(h.Detail, "1 blob not fetched yet; tried ") || !strings.Contains(h.Detail, codeEmpty) {
					t.Errorf("the calendar says %s: %q", h.State, h.Detail)
				}
				r.setFault(nil)
				r.run(20 * time.Minute)
				r.wantJournalled(id(1), id(2))
			})
		})
	}
}
