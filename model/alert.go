package model

import (
	"encoding/json"
	"time"
)

// Severity is how bad an alert or an incident is, in Sentinel's words.
type Severity string

// The severities, in Sentinel's spelling.
const (
	SeverityInformational Severity = "Informational"
	SeverityLow           Severity = "Low"
	SeverityMedium        Severity = "Medium"
	SeverityHigh          Severity = "High"
)

// Rank orders severities: higher is worse. An unknown severity ranks lowest.
func (s Severity) Rank() int {
	switch s {
	case SeverityHigh:
		return 4
	case SeverityMedium:
		return 3
	case SeverityLow:
		return 2
	case SeverityInformational:
		return 1
	}
	return 0
}

// Entity is something an alert is about: an account, a mailbox, an address.
// Kind and the names of identifiers are those of Sentinel's entity mapping:
// Kind "Account" with "FullName", Kind "IP" with "Address", Kind
// "MailMessage" with "NetworkMessageId".
type Entity struct {
	Kind        string            `json:"kind"`
	Identifiers map[string]string `json:"identifiers"`
}

// Alert is one finding of one rule.
type Alert struct {
	// ID is the identity under which the alert is raised once, however often
	// its window is evaluated.
	ID          string
	RuleID      string
	RuleVersion string
	RuleName    string
	Name        string // RuleName, or what alertDetailsOverride made of it
	Description string
	Severity    Severity
	Tactics     []string
	Techniques  []string
	// SubTechniques are MITRE's, T1114.003 and the like.
	SubTechniques []string
	// Properties are further properties by Sentinel's names, from the rule's
	// alertDynamicProperties: AlertLink, RemediationSteps, ProductName, ….
	Properties map[string]string
	// Start and End bound the events the alert was raised on, in UTC: the
	// rule's window, narrowed to the rows' own times where they carry one.
	Start, End time.Time
	// Raised is when the rule was evaluated; Watermark is the ingestion time
	// up to which rows had been seen then. Both in UTC.
	Raised, Watermark time.Time
	Entities          []Entity
	CustomDetails     map[string][]string
	Evidence          Evidence
	Grouping          Grouping
}

// Evidence is the rows an alert stands on, as the rule's query returned them,
// and the query that brings them back.
type Evidence struct {
	Query string `json:"query"`
	// From and To are the window that the rule looked at, in UTC.
	From    time.Time           `json:"from"`
	To      time.Time           `json:"to"`
	Columns []EvidenceColumn    `json:"columns"`
	Rows    [][]json.RawMessage `json:"rows"`
	// Truncated says that the query returned more rows than are kept here;
	// Total is how many it returned.
	Truncated bool `json:"truncated,omitempty"`
	Total     int  `json:"total"`
}

// EvidenceColumn is a column of Evidence. Type is the name of a KQL type.
type EvidenceColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Grouping says how alerts of a rule become incidents, after Sentinel's
// incidentConfiguration.
type Grouping struct {
	CreateIncident bool
	// ByEntities are the kinds of entity that, when shared with an incident,
	// put the alert into it; empty puts each alert into an incident of its own.
	ByEntities []string
	// AllEntities says that an alert joins only where every entity of these kinds
	// is shared, as Sentinel's AllEntities has it; otherwise one that is shared
	// is enough.
	AllEntities bool
	// ByRule puts the alerts of one rule into one incident, whatever they are
	// about.
	ByRule bool
	// ByAlertDetails ("DisplayName", "Severity") and ByCustomDetails (keys of
	// CustomDetails) have to be equal besides.
	ByAlertDetails  []string
	ByCustomDetails []string
	// Lookback is how old the last activity of an incident may be for it to
	// take in a further alert.
	Lookback time.Duration
	// Reopen says that a closed incident takes in further alerts and becomes
	// active again.
	Reopen bool
}
