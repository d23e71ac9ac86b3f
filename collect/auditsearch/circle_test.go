package auditsearch

import (
	"net/http"
	"strings"
	"testing"
)

// Pages that lead in a circle are not read and journalled for ever.
func TestPagesInACircleEnd(t *testing.T) {
	inVirtualTime(t, nil, func(r *rig) {
		r.fill(1, 30)
		served := 0
		r.fault = func(q *http.Request) *http.Response {
			if !strings.HasSuffix(q.URL.Path, "/records") {
				return nil
			}
			served++
			at := map[string]string{"": "b", "b": "c", "c": "d", "d": "b"}[q.URL.Query().Get("page")]
			return answer(200, `{"value":[],"@odata.nextLink":"`+testHost+q.URL.Path+`?page=`+at+`"}`)
		}
		summary := r.run(r.days(0, 1))
		if len(summary.Missing) != 1 || !strings.Contains(summary.Missing[0].Reason, "in a circle") || served > 100 {
			t.Errorf("missing %+v after %d pages", summary.Missing, served)
		}
	})
}
