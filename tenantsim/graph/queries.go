package graph

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// query is one search that a client submitted.
type query struct {
	ID          string
	Name        string
	From, To    time.Time
	RecordTypes []string
	Operations  []string
	Submitted   time.Time
	// Ends is when it ends, Ending how; zero for one that never does.
	Ends   time.Time
	Ending string
	// Found are its records, as they were when it was submitted; Limited says
	// that there are more.
	Found   []record
	Limited bool
}

// submitted is the body of a request for a query.
type submitted struct {
	Name        string   `json:"displayName"`
	From        string   `json:"filterStartDateTime"`
	To          string   `json:"filterEndDateTime"`
	RecordTypes []string `json:"recordTypeFilters"`
	Operations  []string `json:"operationFilters"`
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request, version string) {
	var body submitted
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		badRequest("Unable to read JSON request payload.").write(w)
		return
	}
	q, refused := s.begin(body)
	if refused != nil {
		refused.write(w)
		return
	}
	writeJSON(w, http.StatusCreated, s.word(q, version, r))
}

func badRequest(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

func (s *Server) begin(body submitted) (*query, *apiError) {
	now := s.cfg.Now()
	q := &query{ID: uuid.NewString(), Name: body.Name, RecordTypes: body.RecordTypes, Operations: body.Operations, Submitted: now}
	var err error
	for text, at := range map[string]*time.Time{body.From: &q.From, body.To: &q.To} {
		if *at, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, badRequest("Cannot convert a value to the type 'Edm.DateTimeOffset'.")
		}
	}
	if !q.From.Before(q.To) {
		return nil, badRequest("The start date must lie before the end date.")
	}
	for _, name := range q.RecordTypes {
		if name == "" || name != strings.ToLower(name[:1])+name[1:] {
			return nil, badRequest("Requested value '" + name + "' was not found.")
		}
	}
	what := q.From.Format(time.RFC3339) + q.To.Format(time.RFC3339)
	failed, fails := s.throw("fail", what, s.cfg.Faults.FailedQueries)
	_, stuck := s.throw("stick", what, s.cfg.Faults.StuckQueries)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	running := 0
	for _, other := range s.queries {
		if other.Ends.IsZero() || other.Ends.After(now) {
			running++
		}
	}
	if running >= s.cfg.QueriesAtOnce {
		return nil, &apiError{http.StatusTooManyRequests, "TooManyRequests", "The tenant has too many audit log queries under way.", 30}
	}
	if len(s.submits) >= s.cfg.QueriesPerDay {
		wait := s.submits[0].Add(24 * time.Hour).Sub(now)
		return nil, &apiError{http.StatusTooManyRequests, "TooManyRequests", "The tenant has submitted too many audit log queries in 24 hours.", int(wait/time.Second) + 1}
	}
	s.submits = append(s.submits, now)
	s.count++
	q.Ends, q.Ending = now.Add(s.cfg.RunFor), "succeeded"
	switch {
	case stuck:
		q.Ends = time.Time{}
	case fails && failed.Chance(0.3):
		q.Ending = "cancelled"
	case fails:
		q.Ending = "failed"
	}
	q.Found, q.Limited = s.search(q, now)
	s.queries[q.ID] = q
	return q, nil
}

// forget drops queries that are too old to be asked for. s.mu is held.
func (s *Server) forget(now time.Time) {
	for id, q := range s.queries {
		if now.Sub(q.Submitted) > s.cfg.KeepQueries {
			delete(s.queries, id)
		}
	}
	s.submits = slices.DeleteFunc(s.submits, func(at time.Time) bool { return now.Sub(at) >= 24*time.Hour })
}

// find returns a query that is there, unless a fault has lost it.
func (s *Server) find(r *http.Request, id string) (*query, *apiError) {
	s.mu.Lock()
	q := s.queries[id]
	expired := q != nil && s.cfg.Now().Sub(q.Submitted) > s.cfg.KeepQueries
	s.mu.Unlock()
	if q == nil || expired {
		return nil, notFound
	}
	if _, hit := s.throw("lose", s.place(r), s.cfg.Faults.LostQueries); hit {
		s.mu.Lock()
		delete(s.queries, id)
		s.mu.Unlock()
		return nil, notFound
	}
	return q, nil
}

var notFound = &apiError{status: http.StatusNotFound, code: "ResourceNotFound", message: "The requested audit log query was not found."}

func (s *Server) look(w http.ResponseWriter, r *http.Request, version, id string) {
	q, refused := s.find(r, id)
	if refused != nil {
		refused.write(w)
		return
	}
	writeJSON(w, http.StatusOK, s.word(q, version, r))
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, version string) {
	s.mu.Lock()
	all := make([]*query, 0, len(s.queries))
	for _, q := range s.queries {
		all = append(all, q)
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *query) int { return a.Submitted.Compare(b.Submitted) })
	value := make([]map[string]any, 0, len(all))
	for _, q := range all {
		value = append(value, s.word(q, version, r))
	}
	writeJSON(w, http.StatusOK, map[string]any{"@odata.context": base(r) + "/" + version + "/$metadata#security/auditLog/queries", "value": value})
}

// word says what a query is at present.
func (s *Server) word(q *query, version string, r *http.Request) map[string]any {
	answer := map[string]any{
		"@odata.context": base(r) + "/" + version + "/$metadata#security/auditLog/queries/$entity",
		"id":             q.ID, "displayName": q.Name, "status": s.status(q),
		"filterStartDateTime": q.From.UTC().Format(time.RFC3339), "filterEndDateTime": q.To.UTC().Format(time.RFC3339),
		"recordTypeFilters": listed(q.RecordTypes), "operationFilters": listed(q.Operations),
		"keywordFilter": nil, "serviceFilter": nil, "userPrincipalNameFilters": []string{}, "ipAddressFilters": []string{},
		"objectIdFilters": []string{}, "administrativeUnitIdFilters": []string{},
		"recordCountLimit": s.cfg.RecordLimit, "approximateReturnedRecordCount": nil, "isRecordCountLimitExceeded": nil,
	}
	if s.status(q) == "succeeded" {
		answer["approximateReturnedRecordCount"], answer["isRecordCountLimitExceeded"] = len(q.Found), q.Limited
	}
	return answer
}

func listed(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func (s *Server) status(q *query) string {
	now := s.cfg.Now()
	switch {
	case now.Sub(q.Submitted) < s.cfg.RunFor/5:
		return "notStarted"
	case q.Ends.IsZero() || now.Before(q.Ends):
		return "running"
	}
	return q.Ending
}

func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
