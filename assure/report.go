package assure

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Report is the evidence at one moment.
type Report struct {
	Made      time.Time `json:"made"`
	Workspace string    `json:"workspace,omitempty"`
	Version   string    `json:"version,omitempty"` // of Quoll
	// Release is that of the ISM that the controls are pinned to; Catalogue compares
	// it with a catalogue that was loaded, null without one.
	Release     string     `json:"release"`
	Catalogue   *Pinned    `json:"catalogue"`
	Items       []Assessed `json:"items"`
	Unmet       []Unmet    `json:"unmet"` // the worst first
	Counts      Counts     `json:"counts"`
	Attribution string     `json:"attribution"`
	Statuses    []string   `json:"statuses"` // the assessor's words
	Facts       []Fact     `json:"facts"`
}

// Counts counts facts by their state.
type Counts struct {
	Shown      int `json:"shown"`
	NotMet     int `json:"notMet"`
	NotVisible int `json:"notVisible"`
}

func (c *Counts) add(s State) {
	switch s {
	case Shown:
		c.Shown++
	case NotMet:
		c.NotMet++
	default:
		c.NotVisible++
	}
}

// Assessed is an item with its evidence and the assessor's word.
type Assessed struct {
	Item
	// Statement is the control's text in the catalogue that was loaded, or empty.
	Statement  string     `json:"statement,omitempty"`
	Evidence   []Fact     `json:"evidence"` // by aspect
	Counts     Counts     `json:"counts"`
	Assessment Assessment `json:"assessment"`
}

// Unmet is a fact that speaks against items, or cannot be seen.
type Unmet struct {
	Fact
	Items []string `json:"items"` // ids
}

var aspects = []Aspect{Collected, Protected, Retained, Analysed, Reported}

// NewReport puts facts and the assessor's words beside the items. A fact that was
// not given is one that cannot be seen. Catalogue may be nil.
func NewReport(made time.Time, facts []Fact, assessments map[string]Assessment, catalogue *Catalogue) *Report {
	r := &Report{Made: made.UTC(), Release: Release, Attribution: Attribution, Statuses: Statuses, Items: []Assessed{}, Unmet: []Unmet{}, Facts: append([]Fact{}, facts...)}
	known := map[string]Fact{}
	for _, f := range facts {
		known[f.Name] = f
	}
	unmet := map[string]*Unmet{}
	for _, item := range Items() {
		a := Assessed{Item: item, Evidence: []Fact{}, Assessment: Assessment{Status: NotAssessed}}
		if given, ok := assessments[item.ID]; ok {
			a.Assessment = given
		}
		for _, name := range item.Facts {
			f, ok := known[name]
			if !ok {
				f = Fact{Name: name, Aspect: Collected, State: NotVisible, Statement: fmt.Sprintf("Nothing is known of %q here.", name), Remedy: "Ask a running server: some facts are known to it alone."}
			}
			a.Evidence = append(a.Evidence, f)
			a.Counts.add(f.State)
			if f.State == Shown {
				continue
			}
			if unmet[name] == nil {
				unmet[name] = &Unmet{Fact: f}
			}
			unmet[name].Items = append(unmet[name].Items, item.ID)
		}
		slices.SortStableFunc(a.Evidence, func(x, y Fact) int {
			return cmp.Compare(slices.Index(aspects, x.Aspect), slices.Index(aspects, y.Aspect))
		})
		r.Items = append(r.Items, a)
	}
	for _, f := range facts {
		r.Counts.add(f.State)
	}
	for _, u := range unmet {
		r.Unmet = append(r.Unmet, *u)
	}
	slices.SortFunc(r.Unmet, func(x, y Unmet) int {
		return cmp.Or(cmp.Compare(x.State, y.State), cmp.Compare(len(y.Items), len(x.Items)), cmp.Compare(x.Name, y.Name))
	})
	if catalogue != nil {
		r.Add(catalogue)
	}
	return r
}

// Add compares the report's controls with a catalogue, and takes their texts from it.
func (r *Report) Add(c *Catalogue) {
	r.Catalogue = Pin(c)
	for i := range r.Items {
		if found := c.Find(r.Items[i].ID); found != nil {
			r.Items[i].Statement = found.Statement
		}
	}
}

// Find returns an item by its id.
func Find(id string) (Item, bool) {
	for _, item := range Items() {
		if item.ID == id {
			return item, true
		}
	}
	return Item{}, false
}
