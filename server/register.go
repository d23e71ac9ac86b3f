package server

import (
	"net/http"
	"strings"
	"time"
)

// Task is something to be done about an incident.
type Task struct {
	ID      string     `json:"id"`
	Title   string     `json:"title"`
	By      string     `json:"by"`
	Created time.Time  `json:"created"`
	Done    *time.Time `json:"done"` // null: open
	DoneBy  string     `json:"doneBy,omitempty"`
}

// Register is what the register of incidents holds of one, as ISM-0125 and
// ISM-1803 ask.
type Register struct {
	Occurred    time.Time        `json:"occurred"`
	Discovered  time.Time        `json:"discovered"`
	Description string           `json:"description"`
	Actions     string           `json:"actions"`
	Statutory   []string         `json:"statutory"`
	Reports     []RegisterReport `json:"reports"`
	Clocks      []ReportClock    `json:"clocks"`
	Missing     []string         `json:"missing"` // names of fields that are empty still
}

// RegisterReport says that somebody was told.
type RegisterReport struct {
	To        string    `json:"to"`
	At        time.Time `json:"at"`
	Reference string    `json:"reference"`
	By        string    `json:"by"` // set by the server
}

// ReportClock runs from the discovery until somebody was told.
type ReportClock struct {
	Name    string     `json:"name"`
	Control string     `json:"control"`
	To      string     `json:"to"`
	Since   time.Time  `json:"since"`
	Due     *time.Time `json:"due"`  // null: as soon as possible
	Done    *time.Time `json:"done"` // null: running
}

// RegisterChange is what somebody writes; an absent member stays as it is.
type RegisterChange struct {
	Occurred    *time.Time `json:"occurred"`
	Discovered  *time.Time `json:"discovered"`
	Description *string    `json:"description"`
	Actions     *string    `json:"actions"`
	Statutory   *[]string  `json:"statutory"`
	Actor       string     `json:"-"`
}

// EntityPage is what is known of an entity.
type EntityPage struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	// First and Last are when rows tell of it, over the days that were looked
	// through; Records is how many do.
	First   *time.Time    `json:"firstSeen"`
	Last    *time.Time    `json:"lastSeen"`
	Records int64         `json:"records"`
	Days    int           `json:"days"`
	Tables  []EntityTable `json:"tables"`
	// Query brings the rows.
	Query     string     `json:"query"`
	Alerts    []Alert    `json:"alerts"`
	Incidents []Incident `json:"incidents"`
}

// EntityTable is where rows tell of an entity.
type EntityTable struct {
	Table   string    `json:"table"`
	First   time.Time `json:"firstSeen"`
	Last    time.Time `json:"lastSeen"`
	Records int64     `json:"records"`
}

func (s *Server) handleMerge(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Others []string `json:"others"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	detail, err := s.services.Incidents.Merge(r.Context(), r.PathValue("id"), body.Others, callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	return writeIncident(w, detail)
}

func (s *Server) handleSplit(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Alerts []string `json:"alerts"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	created, err := s.services.Incidents.Split(r.Context(), r.PathValue("id"), body.Alerts, callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, map[string]string{"id": created})
	return nil
}

func (s *Server) handleTaskAdd(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Title string `json:"title"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	detail, err := s.services.Incidents.AddTask(r.Context(), r.PathValue("id"), body.Title, callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	return writeIncident(w, detail)
}

func (s *Server) handleTaskSet(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Done bool `json:"done"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	detail, err := s.services.Incidents.SetTask(r.Context(), r.PathValue("id"), r.PathValue("task"), body.Done, callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	return writeIncident(w, detail)
}

func writeRegister(w http.ResponseWriter, register *Register) {
	register.Statutory, register.Reports, register.Missing = notNil(register.Statutory), notNil(register.Reports), notNil(register.Missing)
	writeJSON(w, http.StatusOK, register)
}

func (s *Server) handleRegister(w http.ResponseWriter, r *http.Request) error {
	register, err := s.services.Incidents.Register(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeRegister(w, register)
	return nil
}

func (s *Server) handleRegisterSet(w http.ResponseWriter, r *http.Request) error {
	var change RegisterChange
	if err := s.decode(w, r, &change); err != nil {
		return err
	}
	change.Actor = callerOf(r.Context()).person.Name
	register, err := s.services.Incidents.SetRegister(r.Context(), r.PathValue("id"), change)
	if err != nil {
		return err
	}
	writeRegister(w, register)
	return nil
}

func (s *Server) handleReportAdd(w http.ResponseWriter, r *http.Request) error {
	var report RegisterReport
	if err := s.decode(w, r, &report); err != nil {
		return err
	}
	report.To, report.By = strings.TrimSpace(report.To), callerOf(r.Context()).person.Name
	if report.At.IsZero() {
		report.At = s.clock()
	}
	report.At = report.At.UTC()
	register, err := s.services.Incidents.AddReport(r.Context(), r.PathValue("id"), report)
	if err != nil {
		return err
	}
	writeRegister(w, register)
	return nil
}

func (s *Server) handleReportText(w http.ResponseWriter, r *http.Request) error {
	text, err := s.services.Incidents.ReportText(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]string{"text": text})
	return nil
}

func (s *Server) handleEntity(w http.ResponseWriter, r *http.Request) error {
	kind, value := r.URL.Query().Get("kind"), r.URL.Query().Get("value")
	if kind == "" || value == "" || len(value) > 2048 {
		return &Failure{CodeBadRequest, "kind and value say which entity"}
	}
	page, err := s.services.Incidents.About(r.Context(), kind, value)
	if err != nil {
		return err
	}
	page.Tables, page.Alerts, page.Incidents = notNil(page.Tables), notNil(page.Alerts), notNil(page.Incidents)
	for i := range page.Incidents {
		page.Incidents[i] = fillIncident(page.Incidents[i])
	}
	for i := range page.Alerts {
		a := &page.Alerts[i]
		a.Tactics, a.Techniques, a.Entities = notNil(a.Tactics), notNil(a.Techniques), notNil(a.Entities)
	}
	writeJSON(w, http.StatusOK, page)
	return nil
}
