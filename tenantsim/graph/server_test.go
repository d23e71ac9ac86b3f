package graph

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// rig is a server whose clock a test turns.
type rig struct {
	*Server
	t     *testing.T
	now   time.Time
	roles []string
}

func newRig(t *testing.T, change func(*Config)) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 24, 1, 30, 15, 0, time.UTC), roles: []string{"AuditLogsQuery.Read.All"}}
	cfg := DefaultConfig()
	cfg.PageSize, cfg.RunFor = 4, 10*time.Minute
	cfg.Now = func() time.Time { return r.now }
	cfg.Authorise = func(token string) ([]string, bool) { return r.roles, token == "good" }
	if change != nil {
		change(&cfg)
	}
	r.Server = New(cfg)
	for i := range 10 {
		at := time.Date(2026, 11, 20, 0, i, 0, 0, time.UTC)
		operation := "FileAccessed"
		if i == 3 {
			operation = "New-InboxRule"
		}
		r.Add(fmt.Sprint("id", i), at, at.Add(time.Hour), fmt.Appendf(nil, `{"CreationTime":%q,"Id":"id%d","Operation":%q,"RecordType":%d,"UserType":0,"Workload":"W"}`, at.Format("2006-01-02T15:04:05"), i, operation, 6-5*min(1, i/3%2*(i%2))))
	}
	return r
}

// ask sends a request and returns status and body.
func (r *rig) ask(method, path, body string) (int, map[string]any) {
	r.t.Helper()
	request := httptest.NewRequest(method, "https://graph.test/v1.0/"+strings.TrimPrefix(path, "https://graph.test/v1.0/"), strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer good")
	recorder := httptest.NewRecorder()
	r.ServeHTTP(recorder, request)
	var answer map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		r.t.Fatalf("%s %s: %v in %s", method, path, err, recorder.Body)
	}
	return recorder.Code, answer
}

const day = `"filterStartDateTime":"2026-11-20T00:00:00Z","filterEndDateTime":"2026-11-21T00:00:00Z"`

func (r *rig) submit(filters string) string {
	r.t.Helper()
	status, answer := r.ask("POST", "security/auditLog/queries", "{"+day+filters+"}")
	if status != 201 || answer["status"] != "notStarted" {
		r.t.Fatalf("%d %v", status, answer)
	}
	return answer["id"].(string)
}

func (r *rig) ids(id string) []string {
	r.t.Helper()
	var ids []string
	for next := "security/auditLog/queries/" + id + "/records"; next != ""; {
		status, answer := r.ask("GET", next, "")
		if status != 200 {
			r.t.Fatalf("%d %v", status, answer)
		}
		for _, one := range answer["value"].([]any) {
			data := one.(map[string]any)["auditData"].(map[string]any)
			if data["@odata.type"] == nil || data["CreationTime"] == nil {
				r.t.Errorf("record %v", one)
			}
			ids = append(ids, data["Id"].(string))
		}
		next, _ = answer["@odata.nextLink"].(string)
	}
	return ids
}

func TestAQueryRunsAndGivesPages(t *testing.T) {
	r := newRig(t, nil)
	id := r.submit("")
	for after, want := range map[time.Duration]string{time.Minute: "notStarted", 3 * time.Minute: "running"} {
		at := r.now
		r.now = at.Add(after)
		if _, answer := r.ask("GET", "security/auditLog/queries/"+id, ""); answer["status"] != want || answer["approximateReturnedRecordCount"] != nil {
			t.Errorf("after %v: %v", after, answer)
		}
		r.now = at
	}
	if ids := r.ids(id); len(ids) != 0 {
		t.Errorf("records before their time: %v", ids)
	}
	r.now = r.now.Add(10 * time.Minute)
	_, answer := r.ask("GET", "security/auditLog/queries/"+id, "")
	if answer["status"] != "succeeded" || answer["approximateReturnedRecordCount"] != 10.0 || answer["isRecordCountLimitExceeded"] != false {
		t.Errorf("%v", answer)
	}
	if ids := r.ids(id); len(ids) != 10 || ids[0] != "id0" || ids[9] != "id9" {
		t.Errorf("%v", ids)
	}
	r.now = r.now.Add(31 * 24 * time.Hour)
	if status, _ := r.ask("GET", "security/auditLog/queries/"+id, ""); status != 404 {
		t.Errorf("an expired query: %d", status)
	}
}

func TestFiltersAndLimits(t *testing.T) {
	r := newRig(t, func(c *Config) { c.RecordLimit, c.QueriesAtOnce, c.QueriesPerDay = 6, 2, 3 })
	limited, filtered := r.submit(""), r.submit(`,"operationFilters":["new-inboxrule"]`)
	if status, answer := r.ask("POST", "security/auditLog/queries", "{"+day+"}"); status != 429 {
		t.Errorf("a third at once: %d %v", status, answer)
	}
	r.now = r.now.Add(10 * time.Minute)
	if _, answer := r.ask("GET", "security/auditLog/queries/"+limited, ""); answer["status"] != "succeeded" || answer["isRecordCountLimitExceeded"] != true {
		t.Errorf("beyond the limit: %v", answer)
	}
	if ids := r.ids(limited); len(ids) != 6 {
		t.Errorf("%v", ids)
	}
	if ids := r.ids(filtered); len(ids) != 1 || ids[0] != "id3" {
		t.Errorf("%v", ids)
	}
	types := r.submit(`,"recordTypeFilters":["sharePointFileOperation"]`)
	r.now = r.now.Add(10 * time.Minute)
	if ids := r.ids(types); len(ids) == 0 || len(ids) == 10 {
		t.Errorf("by type: %v", ids)
	}
	if status, answer := r.ask("POST", "security/auditLog/queries", "{"+day+"}"); status != 429 {
		t.Errorf("a fourth on a day: %d %v", status, answer)
	}
	r.now = r.now.Add(24 * time.Hour)
	r.submit("")
}

func TestRequestsThatAreRefused(t *testing.T) {
	r := newRig(t, nil)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
	}{
		"no JSON":      {"POST", "security/auditLog/queries", "x", 400},
		"no times":     {"POST", "security/auditLog/queries", "{}", 400},
		"backwards":    {"POST", "security/auditLog/queries", `{"filterStartDateTime":"2026-11-21T00:00:00Z","filterEndDateTime":"2026-11-20T00:00:00Z"}`, 400},
		"capital type": {"POST", "security/auditLog/queries", "{" + day + `,"recordTypeFilters":["ExchangeAdmin"]}`, 400},
		"unknown id":   {"GET", "security/auditLog/queries/none", "", 404},
		"bad page":     {"GET", "security/auditLog/queries/none/records", "", 404},
		"delete":       {"DELETE", "security/auditLog/queries/none", "", 405},
		"another path": {"GET", "users", "", 404},
	} {
		if status, answer := r.ask(test.method, test.path, test.body); status != test.status || answer["error"] == nil {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	r.roles = []string{"ActivityFeed.Read"}
	if status, _ := r.ask("GET", "security/auditLog/queries", ""); status != 403 {
		t.Errorf("without permission: %d", status)
	}
}
