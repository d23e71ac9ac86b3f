// Package assure puts live evidence beside each control of the Information Security
// Manual (ISM) and each decision of the Blueprint for Secure Cloud that this software
// touches: what is collected, protected, retained, analysed and reported, with figures.
//
// It gives evidence and never a verdict: whether a control is effective is for an
// assessor, who has seven words for it. What is not met and what cannot be seen is
// told as plainly as what is.
//
// It must not know where facts come from: it is handed facts under names, and knows
// which of them bear on which control. What controls ask is in words of our own; the
// ISM and the Blueprint are © Commonwealth of Australia, CC BY 4.0.
package assure

import "time"

// Release is the ISM release whose revisions the controls are pinned to.
const Release = "2026.06.18"

// Attribution goes with every report.
const Attribution = "Controls and decisions are paraphrased from the Information Security Manual and the ASD Blueprint for Secure Cloud, © Commonwealth of Australia, CC BY 4.0."

// Aspect is what a piece of evidence is about.
type Aspect string

// The aspects, in the order in which they are told.
const (
	Collected Aspect = "collected"
	Protected Aspect = "protected"
	Retained  Aspect = "retained"
	Analysed  Aspect = "analysed"
	Reported  Aspect = "reported"
)

// State says what a fact shows.
type State string

// The states of a fact.
const (
	// Shown: a figure of this moment bears it out.
	Shown State = "shown"
	// NotMet: a figure of this moment speaks against it, or Quoll does not do it.
	NotMet State = "not met"
	// NotVisible: Quoll cannot see it from where it is.
	NotVisible State = "not visible"
)

// The words that an assessor has for a control.
const (
	NotAssessed      = "Not Assessed"
	Effective        = "Effective"
	AlternateControl = "Alternate Control"
	NotImplemented   = "Not Implemented"
	Ineffective      = "Ineffective"
	NoVisibility     = "No Visibility"
	NotApplicable    = "Not Applicable"
)

// Statuses are these words.
var Statuses = []string{NotAssessed, Effective, AlternateControl, NotImplemented, Ineffective, NoVisibility, NotApplicable}

// Fact is one thing that is known of the system at this moment.
type Fact struct {
	Name   string `json:"name"` // one of the names in facts.go
	Aspect Aspect `json:"aspect"`
	State  State  `json:"state"`
	// Statement says it in a sentence, with figures.
	Statement string `json:"statement"`
	// Remedy is what would make it be met, or visible; empty when it is shown.
	Remedy string `json:"remedy,omitempty"`
	// Where is a page of the web interface that shows it, or empty; Query asks the
	// tables for it.
	Where string `json:"where,omitempty"`
	Query string `json:"query,omitempty"`
}

// Kind tells controls from decisions.
type Kind string

// The kinds of items.
const (
	ISM       Kind = "ism"
	Blueprint Kind = "blueprint"
)

// Item is a control or a decision that Quoll touches.
type Item struct {
	ID   string `json:"id"` // "ISM-1988", or "D3" of the Blueprint
	Kind Kind   `json:"kind"`
	// Revision and Updated pin the control's text within the release: revisions have
	// gone backwards. Empty for a decision.
	Revision string `json:"revision,omitempty"`
	Updated  string `json:"updated,omitempty"`
	Release  string `json:"release"`
	// EssentialEight are the maturity levels that name the control, or empty.
	EssentialEight string `json:"essentialEight,omitempty"`
	// Page is that of a decision, in the Blueprint.
	Page string `json:"page,omitempty"`
	// Asks says in our words what it asks.
	Asks string `json:"asks"`
	// Facts are the names of the facts that bear on it.
	Facts []string `json:"-"`
	// Limit is what Quoll cannot say about it, whatever the facts.
	Limit string `json:"limit,omitempty"`
}

// Assessment is what an assessor wrote beside an item.
type Assessment struct {
	Status string    `json:"status"` // one of Statuses
	Remark string    `json:"remark,omitempty"`
	By     string    `json:"by,omitempty"`
	Time   time.Time `json:"time,omitzero"`
}
