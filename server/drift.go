package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// DriftKinds are what an entry of schema drift can be of.
var DriftKinds = []string{"workload", "recordType", "operation", "category", "field", "value"}

// DriftFilter says which entries are wanted.
type DriftFilter struct {
	Since, Until time.Time // when the payload arrived; zero is no bound, Until is exclusive
	// RecordType is a number or a name. Empty texts leave nothing out.
	RecordType, Operation, Category, What string
	Limit, Offset                         int
}

// DriftList says what was seen first. It is the body of GET
// /api/v1/schema/drift.
type DriftList struct {
	Now time.Time `json:"now"` // set by the server
	// Total counts what matches, Counts the same by what it is, whatever the
	// filter's What.
	Total  int            `json:"total"`
	Counts map[string]int `json:"counts"`
	// Overflow counts what found no room since the beginning, by what it is.
	Overflow map[string]int `json:"overflow"`
	Entries  []DriftEntry   `json:"entries"` // latest first
}

// DriftEntry is something that was seen first.
type DriftEntry struct {
	What string `json:"what"` // one of DriftKinds
	// RecordType is the number of an audit record's type; RecordTypeName is left
	// out when Microsoft has not named it. Category is that of a Defender record.
	RecordType     string `json:"recordType,omitempty"`
	RecordTypeName string `json:"recordTypeName,omitempty"`
	Operation      string `json:"operation,omitempty"`
	Category       string `json:"category,omitempty"`
	// Field is a path, Type one of JSON's. NewType says that the field was seen
	// before with another type.
	Field   string `json:"field,omitempty"`
	Type    string `json:"type,omitempty"`
	NewType bool   `json:"newType,omitempty"`
	Value   string `json:"value,omitempty"`
	// FirstSeen is when the first record that shows it arrived, Happened when
	// that record says it happened; null: it does not say.
	FirstSeen time.Time  `json:"firstSeen"`
	Happened  *time.Time `json:"happened"`
	RecordID  string     `json:"recordId,omitempty"`
	// Example is what the field held, cut short; left out when it may be a secret.
	Example string `json:"example,omitempty"`
	// Position is that of the payload in the journal.
	Position uint64 `json:"position"`
}

// Bounds of one answer. A limit of 0 asks for the counts alone.
const (
	defaultDrift = 200
	maxDrift     = 5000
)

func (s *Server) handleDrift(w http.ResponseWriter, r *http.Request) error {
	filter, err := driftFilter(r)
	if err != nil {
		return err
	}
	list, err := s.services.Drift.SchemaDrift(r.Context(), filter)
	if err != nil {
		return err
	}
	out := *list
	out.Now = s.clock().UTC()
	if out.Entries == nil {
		out.Entries = []DriftEntry{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// knownParameters refuses parameters that an endpoint does not have.
func knownParameters(q url.Values, known ...string) error {
	for name := range q {
		if !slices.Contains(known, name) {
			return &Failure{CodeBadRequest, fmt.Sprintf("there is no parameter %q; known are %s", name, strings.Join(known, ", "))}
		}
	}
	return nil
}

func driftFilter(r *http.Request) (DriftFilter, error) {
	q := r.URL.Query()
	if err := knownParameters(q, "since", "until", "recordType", "operation", "category", "what", "limit", "offset"); err != nil {
		return DriftFilter{}, err
	}
	f := DriftFilter{RecordType: q.Get("recordType"), Operation: q.Get("operation"), Category: q.Get("category"), What: q.Get("what")}
	if f.What != "" && !slices.Contains(DriftKinds, f.What) {
		return f, &Failure{CodeBadRequest, fmt.Sprintf("what %q is none of %v", f.What, DriftKinds)}
	}
	var err error
	if f.Since, err = timeParameter(q, "since"); err != nil {
		return f, err
	}
	if f.Until, err = timeParameter(q, "until"); err != nil {
		return f, err
	}
	if f.Limit, err = intParameter(q, "limit", defaultDrift, 0, maxDrift); err != nil {
		return f, err
	}
	f.Offset, err = intParameter(q, "offset", 0, 0, 1<<30)
	return f, err
}
