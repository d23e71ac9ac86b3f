package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Incident is one row of the queue. Its values are those of Microsoft
// Sentinel's SecurityIncident table.
type Incident struct {
	ID          string `json:"id"`
	Number      int64  `json:"number"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Severity    string `json:"severity"` // High, Medium, Low, Informational
	Status      string `json:"status"`   // New, Active, Closed
	Owner       string `json:"owner"`    // empty: nobody
	// Classification is empty until somebody classifies it, at the latest when
	// it is closed: TruePositive, BenignPositive, FalsePositive, Undetermined.
	Classification string     `json:"classification,omitempty"`
	TenantID       string     `json:"tenantId,omitempty"`
	Created        time.Time  `json:"created"`
	Updated        time.Time  `json:"updated"`
	Closed         *time.Time `json:"closed,omitempty"`
	FirstActivity  time.Time  `json:"firstActivity"`
	LastActivity   time.Time  `json:"lastActivity"`
	Tactics        []string   `json:"tactics"`    // MITRE ATT&CK: "InitialAccess"
	Techniques     []string   `json:"techniques"` // "T1566", "T1114.003"
	AlertCount     int        `json:"alertCount"`
	// Entities of the incident, the most telling first.
	Entities []Entity `json:"entities"`
}

// IncidentDetail is an incident with all that is known of it.
type IncidentDetail struct {
	Incident
	Tags     []string        `json:"tags"`
	Tasks    []Task          `json:"tasks"`
	Alerts   []Alert         `json:"alerts"`
	Timeline []TimelineEntry `json:"timeline"` // earliest first
}

// Alert is one finding of a rule.
type Alert struct {
	ID            string    `json:"id"`
	RuleID        string    `json:"ruleId"`
	Name          string    `json:"name"`
	Description   string    `json:"description,omitempty"`
	Severity      string    `json:"severity"`
	Created       time.Time `json:"created"`
	FirstActivity time.Time `json:"firstActivity"`
	LastActivity  time.Time `json:"lastActivity"`
	Tactics       []string  `json:"tactics"`
	Techniques    []string  `json:"techniques"`
	Entities      []Entity  `json:"entities"`
	// Query and its time range give the evidence again.
	Query    string    `json:"query"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Evidence Evidence  `json:"evidence"`
}

// Evidence is the rows behind an alert, with cells as in QueryResult.
type Evidence struct {
	Columns []ResultColumn
	Rows    [][]any
	// Truncated says that the alert kept only the first rows, of Total.
	Truncated bool
	Total     int
}

// MarshalJSON encodes cells like those of a query's result.
func (e Evidence) MarshalJSON() ([]byte, error) {
	if err := checkCells(len(e.Columns), e.Rows); err != nil {
		return nil, err
	}
	columns, err := json.Marshal(append([]ResultColumn{}, e.Columns...)) // never null
	if err != nil {
		return nil, err
	}
	b := append([]byte(`{"columns":`), columns...)
	b = append(b, `,"rows":[`...)
	for i, row := range e.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRow(b, row)
	}
	b = append(b, `],"truncated":`...)
	b = append(strconv.AppendBool(b, e.Truncated), `,"total":`...)
	return append(strconv.AppendInt(b, int64(max(e.Total, len(e.Rows))), 10), '}'), nil
}

// Kinds of a TimelineEntry. The UI shows one that it does not know as text.
const (
	TimelineActivity       = "activity"       // something that happened in the tenant
	TimelineCreated        = "created"        // the incident
	TimelineAlert          = "alert"          // a rule found something
	TimelineAlertUpdated   = "alert-updated"  // a rule found more of the same
	TimelineStatus         = "status"         // changed; Title tells from what to what
	TimelineSeverity       = "severity"       // changed
	TimelineOwner          = "owner"          // changed
	TimelineClassification = "classification" // changed
	TimelineReopened       = "reopened"       // by a further alert
	TimelineComment        = "comment"        // Title is what somebody wrote
	TimelineMerged         = "merged"         // with or into another incident
)

// TimelineEntry is one step of the story of an incident.
type TimelineEntry struct {
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`
	Title    string    `json:"title"`
	Detail   string    `json:"detail,omitempty"`
	Actor    string    `json:"actor,omitempty"`
	Severity string    `json:"severity,omitempty"`
	AlertID  string    `json:"alertId,omitempty"`
	Entities []Entity  `json:"entities,omitempty"`
}

// IncidentFilter says which incidents are wanted. Empty members filter nothing.
type IncidentFilter struct {
	Status   []string  // any of
	Severity []string  // any of
	Owner    string    // exactly; "-" for nobody's
	Text     string    // in title or entity value, any case
	From, To time.Time // LastActivity in [From, To)
	Offset   int
	Limit    int // always set, 1 to maxIncidents
}

// IncidentPage is a stretch of the queue.
type IncidentPage struct {
	Incidents []Incident `json:"incidents"`
	// Total counts all that match the filter, on this page or not.
	Total int `json:"total"`
}

// IncidentChange is what an analyst changes. A nil member stays as it is.
type IncidentChange struct {
	Status         *string `json:"status"`
	Severity       *string `json:"severity"`
	Owner          *string `json:"owner"` // "" takes the owner away
	Classification *string `json:"classification"`
	Comment        *string `json:"comment"` // added to the timeline
	// Actor is who changes it; the server sets it.
	Actor string `json:"-"`
}

// The values that Microsoft Sentinel's SecurityIncident table documents.
var (
	incidentStatuses   = []string{"New", "Active", "Closed"}
	incidentSeverities = []string{"High", "Medium", "Low", "Informational"}
	classifications    = []string{"Undetermined", "TruePositive", "BenignPositive", "FalsePositive"}
)

const (
	maxIncidents    = 500
	defaultIncident = 100
	maxComment      = 10_000 // bytes
	maxOwner        = 320    // bytes; the longest mail address
)

// Who acts where nobody signs in, and for a program with the bearer token.
const (
	localActor = "local user"
	tokenActor = "API token"
	// watcherActor has the token for metrics.
	watcherActor = "monitoring"
)

func (s *Server) incidentEndpoints() []endpoint {
	return offered(s.services.Incidents != nil, "incidents",
		endpoint{"GET /api/v1/incidents", RoleReader, s.handleIncidents},
		endpoint{"GET /api/v1/incidents/{id}", RoleReader, s.handleIncident},
		endpoint{"PATCH /api/v1/incidents/{id}", RoleResponder, s.handleIncidentChange},
		endpoint{"POST /api/v1/incidents/{id}/merge", RoleResponder, s.handleMerge},
		endpoint{"POST /api/v1/incidents/{id}/split", RoleResponder, s.handleSplit},
		endpoint{"POST /api/v1/incidents/{id}/tasks", RoleResponder, s.handleTaskAdd},
		endpoint{"PATCH /api/v1/incidents/{id}/tasks/{task}", RoleResponder, s.handleTaskSet},
		endpoint{"GET /api/v1/incidents/{id}/register", RoleReader, s.handleRegister},
		endpoint{"PATCH /api/v1/incidents/{id}/register", RoleResponder, s.handleRegisterSet},
		endpoint{"POST /api/v1/incidents/{id}/reports", RoleResponder, s.handleReportAdd},
		endpoint{"GET /api/v1/incidents/{id}/report", RoleReader, s.handleReportText},
		endpoint{"GET /api/v1/entities", RoleReader, s.handleEntity})
}

func (s *Server) handleIncidents(w http.ResponseWriter, r *http.Request) error {
	filter, err := parseIncidentFilter(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.services.Incidents.List(r.Context(), filter)
	if err != nil {
		return err
	}
	out := IncidentPage{Incidents: []Incident{}, Total: page.Total}
	for _, i := range page.Incidents {
		out.Incidents = append(out.Incidents, fillIncident(i))
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) handleIncident(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.services.Incidents.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeIncident(w, detail)
}

func (s *Server) handleIncidentChange(w http.ResponseWriter, r *http.Request) error {
	var change IncidentChange
	if err := s.decode(w, r, &change); err != nil {
		return err
	}
	if err := change.check(); err != nil {
		return err
	}
	change.Actor = callerOf(r.Context()).person.Name
	detail, err := s.services.Incidents.Update(r.Context(), r.PathValue("id"), change)
	if err != nil {
		return err
	}
	return writeIncident(w, detail)
}

// writeIncident encodes before it writes, since evidence may fail to encode.
func writeIncident(w http.ResponseWriter, detail *IncidentDetail) error {
	out := *detail
	out.Incident = fillIncident(out.Incident)
	out.Alerts = append([]Alert{}, detail.Alerts...)
	for i := range out.Alerts {
		a := &out.Alerts[i]
		a.Tactics, a.Techniques, a.Entities = notNil(a.Tactics), notNil(a.Techniques), notNil(a.Entities)
	}
	out.Timeline, out.Tags, out.Tasks = notNil(out.Timeline), notNil(out.Tags), notNil(out.Tasks)
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, json.RawMessage(body))
	return nil
}

// fillIncident makes absent lists empty ones, so that readers need no null.
func fillIncident(i Incident) Incident {
	i.Tactics, i.Techniques, i.Entities = notNil(i.Tactics), notNil(i.Techniques), notNil(i.Entities)
	return i
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// check refuses a change that is empty, too large, or of values that are none.
func (c IncidentChange) check() error {
	if c == (IncidentChange{}) {
		return &Failure{CodeBadRequest, "the change changes nothing"}
	}
	for _, v := range []struct {
		name  string
		value *string
		among []string
	}{
		{"status", c.Status, incidentStatuses},
		{"severity", c.Severity, incidentSeverities},
		{"classification", c.Classification, append([]string{""}, classifications...)},
	} {
		if v.value != nil && !slices.Contains(v.among, *v.value) {
			return &Failure{CodeBadRequest, v.name + " must be one of " + strings.Join(v.among, ", ")}
		}
	}
	if c.Status != nil && *c.Status == "Closed" && (c.Classification == nil || *c.Classification == "") {
		return &Failure{CodeBadRequest, "an incident is closed with a classification"}
	}
	if c.Owner != nil && len(*c.Owner) > maxOwner {
		return &Failure{CodeBadRequest, "owner is longer than " + strconv.Itoa(maxOwner) + " bytes"}
	}
	if c.Comment != nil && (strings.TrimSpace(*c.Comment) == "" || len(*c.Comment) > maxComment) {
		return &Failure{CodeBadRequest, "a comment has 1 to " + strconv.Itoa(maxComment) + " bytes"}
	}
	return nil
}

// parseIncidentFilter reads the query string of GET /api/v1/incidents. status
// and severity may repeat or hold commas.
func parseIncidentFilter(q url.Values) (IncidentFilter, error) {
	f := IncidentFilter{Owner: q.Get("owner"), Text: q.Get("text"), Limit: defaultIncident}
	var err error
	if f.Status, err = listParameter(q, "status", incidentStatuses); err != nil {
		return f, err
	}
	if f.Severity, err = listParameter(q, "severity", incidentSeverities); err != nil {
		return f, err
	}
	if f.From, err = timeParameter(q, "from"); err != nil {
		return f, err
	}
	if f.To, err = timeParameter(q, "to"); err != nil {
		return f, err
	}
	if f.Offset, err = intParameter(q, "offset", 0, 0, 1<<31-1); err != nil {
		return f, err
	}
	f.Limit, err = intParameter(q, "limit", defaultIncident, 1, maxIncidents)
	return f, err
}

func listParameter(q url.Values, name string, among []string) ([]string, error) {
	var out []string
	for _, value := range q[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part == "" {
				continue
			}
			if !slices.Contains(among, part) {
				return nil, &Failure{CodeBadRequest, name + " must be among " + strings.Join(among, ", ")}
			}
			out = append(out, part)
		}
	}
	return out, nil
}

func timeParameter(q url.Values, name string) (time.Time, error) {
	text := q.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, &Failure{CodeBadRequest, name + " must be a time like 2026-09-14T08:22:33Z"}
	}
	return t.UTC(), nil
}

func intParameter(q url.Values, name string, absent, low, high int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, &Failure{CodeBadRequest, name + " must be a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high)}
	}
	return n, nil
}
