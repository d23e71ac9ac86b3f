package model

import "time"

// IncidentStatus is where an incident stands, in Sentinel's words.
type IncidentStatus string

// The statuses of an incident.
const (
	IncidentNew    IncidentStatus = "New"
	IncidentActive IncidentStatus = "Active"
	IncidentClosed IncidentStatus = "Closed"
)

// Classification is why an incident was closed, in Sentinel's words.
type Classification string

// The classifications of a closed incident. The empty one stands for none.
const (
	ClassificationNone           Classification = ""
	ClassificationTruePositive   Classification = "TruePositive"
	ClassificationBenignPositive Classification = "BenignPositive"
	ClassificationFalsePositive  Classification = "FalsePositive"
	ClassificationUndetermined   Classification = "Undetermined"
)

// Incident is alerts that belong together, and what people did about them.
// All times are in UTC.
type Incident struct {
	// Number counts incidents from 1; it is what people say to each other.
	Number         int64
	Title          string
	Severity       Severity
	Status         IncidentStatus
	Classification Classification
	Owner          string
	Tactics        []string
	Techniques     []string
	Entities       []Entity
	AlertCount     int
	Created        time.Time
	Updated        time.Time
	Closed         time.Time // zero while open
	FirstActivity  time.Time // of the events behind its alerts
	LastActivity   time.Time
	// MergedInto is the number of the incident that this one became part of; 0
	// where it stands for itself.
	MergedInto int64
}

// Happening is one line of an incident's timeline.
type Happening struct {
	Time time.Time
	// Kind is "created", "alert", "alert-updated", "status", "owner",
	// "classification", "severity", "tag", "merged", "split", "comment",
	// "reopened", "task", "task-done", "task-open", "register", "reported" or
	// "automation".
	Kind   string
	Author string // empty for Quoll itself
	Text   string
}
