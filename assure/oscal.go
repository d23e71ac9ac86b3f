package assure

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
)

// oscalVersion is that of the models that are written.
const oscalVersion = "1.1.2"

// propNamespace is that of our own properties: OSCAL's have none.
const propNamespace = "https://quoll.invalid/ns/oscal"

// The parts of OSCAL's assessment results that are written.
type (
	oscalResults struct {
		UUID     string        `json:"uuid"`
		Metadata oscalMetadata `json:"metadata"`
		ImportAP oscalLink     `json:"import-ap"`
		Results  []oscalResult `json:"results"`
		Back     oscalBack     `json:"back-matter"`
	}
	oscalMetadata struct {
		Title        string `json:"title"`
		LastModified string `json:"last-modified"`
		Version      string `json:"version"`
		OSCALVersion string `json:"oscal-version"`
		Remarks      string `json:"remarks"`
	}
	oscalLink struct {
		Href string `json:"href"`
	}
	oscalBack struct {
		Resources []oscalResource `json:"resources"`
	}
	oscalResource struct {
		UUID        string `json:"uuid"`
		Title       string `json:"title"`
		Description string `json:"description"`
	}
	oscalResult struct {
		UUID         string             `json:"uuid"`
		Title        string             `json:"title"`
		Description  string             `json:"description"`
		Start        string             `json:"start"`
		End          string             `json:"end"`
		Reviewed     oscalReviewed      `json:"reviewed-controls"`
		Observations []oscalObservation `json:"observations"`
		Findings     []oscalFinding     `json:"findings,omitempty"`
	}
	oscalReviewed struct {
		Selections []oscalSelection `json:"control-selections"`
	}
	oscalSelection struct {
		Include []oscalControlID `json:"include-controls"`
	}
	oscalControlID struct {
		ID string `json:"control-id"`
	}
	oscalObservation struct {
		UUID        string          `json:"uuid"`
		Title       string          `json:"title"`
		Description string          `json:"description"`
		Props       []oscalProp     `json:"props"`
		Methods     []string        `json:"methods"`
		Types       []string        `json:"types"`
		Evidence    []oscalEvidence `json:"relevant-evidence,omitempty"`
		Collected   string          `json:"collected"`
		Remarks     string          `json:"remarks,omitempty"`
	}
	oscalEvidence struct {
		Href        string `json:"href,omitempty"`
		Description string `json:"description"`
	}
	oscalFinding struct {
		UUID        string         `json:"uuid"`
		Title       string         `json:"title"`
		Description string         `json:"description"`
		Props       []oscalProp    `json:"props"`
		Target      oscalTarget    `json:"target"`
		Related     []oscalRelated `json:"related-observations,omitempty"`
	}
	oscalTarget struct {
		Type   string      `json:"type"`
		ID     string      `json:"target-id"`
		Status oscalStatus `json:"status"`
	}
	oscalStatus struct {
		State   string `json:"state"`
		Remarks string `json:"remarks,omitempty"`
	}
	oscalRelated struct {
		UUID string `json:"observation-uuid"`
	}
)

// satisfied says which of the assessor's words is a finding, and which: the others
// are none.
var satisfied = map[string]string{
	Effective: "satisfied", AlternateControl: "satisfied", NotImplemented: "not-satisfied", Ineffective: "not-satisfied",
}

// WriteOSCAL writes the report as OSCAL assessment results in JSON. Each fact is an
// observation. There are findings only where an assessor gave a word that is one:
// Quoll finds nothing itself.
func (r *Report) WriteOSCAL(w io.Writer) error {
	made := r.Made.Format(time.RFC3339)
	space := uuid.NewSHA1(uuid.NameSpaceURL, []byte(propNamespace+"/"+r.Workspace+"/"+made))
	id := func(parts ...string) string { return uuid.NewSHA1(space, []byte(strings.Join(parts, "\x00"))).String() }
	plan := id("plan")
	result := oscalResult{
		UUID: id("result"), Title: "Evidence of " + made, Start: made, End: made,
		Description: "What the system shows of itself at this moment. It is evidence and no verdict.", Observations: []oscalObservation{},
	}
	selection := oscalSelection{}
	bearing := map[string][]string{} // ids of items, by fact
	for i := range r.Items {
		item := &r.Items[i]
		if item.Kind == ISM {
			selection.Include = append(selection.Include, oscalControlID{strings.ToLower(item.ID)})
		}
		for _, f := range item.Evidence {
			bearing[f.Name] = append(bearing[f.Name], strings.ToLower(item.ID))
		}
		if f, ok := finding(item, id); ok {
			result.Findings = append(result.Findings, f)
		}
	}
	result.Reviewed = oscalReviewed{[]oscalSelection{selection}}
	seen := map[string]bool{}
	for i := range r.Items {
		for _, f := range r.Items[i].Evidence {
			if !seen[f.Name] {
				seen[f.Name] = true
				result.Observations = append(result.Observations, observation(f, bearing[f.Name], id("fact", f.Name), made))
			}
		}
	}
	file := struct {
		Results oscalResults `json:"assessment-results"`
	}{oscalResults{
		UUID: id("results"), ImportAP: oscalLink{"#" + plan}, Results: []oscalResult{result},
		Metadata: oscalMetadata{
			Title: "Quoll: live evidence for ISM " + r.Release, LastModified: made, Version: made, OSCALVersion: oscalVersion, Remarks: r.Attribution,
		},
		Back: oscalBack{[]oscalResource{{plan, "No assessment plan", "Evidence is gathered from the running system whenever it is asked for; there is no plan of an assessor behind it."}}},
	}}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(file); err != nil {
		return fmt.Errorf("write assessment results: %w", err)
	}
	return nil
}

func observation(f Fact, items []string, id, made string) oscalObservation {
	o := oscalObservation{
		UUID: id, Title: f.Name, Description: f.Statement, Methods: []string{"TEST"}, Types: []string{"control-objective"}, Collected: made, Remarks: f.Remedy,
		Props: []oscalProp{{Name: "aspect", Value: string(f.Aspect), NS: propNamespace}, {Name: "state", Value: strings.ReplaceAll(string(f.State), " ", "-"), NS: propNamespace}},
	}
	for _, item := range items {
		o.Props = append(o.Props, oscalProp{Name: "bears-on", Value: item, NS: propNamespace})
	}
	if f.Query != "" {
		o.Evidence = append(o.Evidence, oscalEvidence{Description: "KQL: " + f.Query})
	}
	return o
}

func finding(item *Assessed, id func(...string) string) (oscalFinding, bool) {
	state, ok := satisfied[item.Assessment.Status]
	if !ok || item.Kind != ISM {
		return oscalFinding{}, false
	}
	f := oscalFinding{
		UUID: id("finding", item.ID), Title: item.ID, Description: "The assessor's word: " + item.Assessment.Status,
		Props:  []oscalProp{{Name: "assessor-status", Value: strings.ReplaceAll(item.Assessment.Status, " ", "-"), NS: propNamespace}},
		Target: oscalTarget{Type: "statement-id", ID: strings.ToLower(item.ID) + "_smt", Status: oscalStatus{State: state, Remarks: item.Assessment.Remark}},
	}
	for _, e := range item.Evidence {
		f.Related = append(f.Related, oscalRelated{id("fact", e.Name)})
	}
	return f, true
}
