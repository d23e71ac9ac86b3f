package server

import (
	"net/http"
	"time"
)

// States of a connector.
const (
	ConnectorHealthy  = "healthy"  // events arrive, within the usual lag
	ConnectorDelayed  = "delayed"  // events arrive, later than usual
	ConnectorWaiting  = "waiting"  // connected; nothing has arrived yet
	ConnectorFailing  = "failing"  // the last attempts failed; see LastError
	ConnectorStopped  = "stopped"  // switched off
	ConnectorFinished = "finished" // a source that ends, such as a file, was taken whole
)

// Connector is the health of one source, tenant and content type.
type Connector struct {
	// ID is stable over restarts.
	ID string `json:"id"`
	// Source names the road: activity, blobexport, file, …
	Source string `json:"source"`
	// Title is the road in words: "Office 365 Management Activity API".
	Title      string `json:"title"`
	TenantID   string `json:"tenantId"`
	TenantName string `json:"tenantName,omitempty"`
	// ContentType is the source's own name of the kind of content:
	// "Audit.Exchange", "EmailEvents".
	ContentType string `json:"contentType"`
	State       string `json:"state"`
	// LastEvent is the latest time at which anything happened, as the events
	// say; LastReceived is when Quoll last took a payload. Null: never.
	LastEvent    *time.Time `json:"lastEvent"`
	LastReceived *time.Time `json:"lastReceived"`
	// LagSeconds is how long the latest events took from happening to being
	// queryable. Null: not known.
	LagSeconds *float64 `json:"lagSeconds"`
	// Lags says how long the stages of the way took since the process started;
	// left out while nothing was measured.
	Lags      *Lags           `json:"lags,omitempty"`
	Counts    ConnectorCounts `json:"counts"`
	Backlog   Backlog         `json:"backlog"`
	LastError *ConnectorError `json:"lastError"`
	// Warnings are what becomes trouble unless somebody acts in time.
	Warnings []Warning `json:"warnings,omitempty"`
	// CredentialEnds is when what the connector signs in with ends; null when
	// that is not known or somebody else renews it.
	CredentialEnds *time.Time `json:"credentialEnds,omitempty"`
	// History counts records per interval, oldest first; it may be empty.
	History []HistoryPoint `json:"history,omitempty"`
}

// Warning is what a person has to do before something fails.
type Warning struct {
	Code string `json:"code"` // "credential-ends"
	// Cause says in plain words what will happen, and Remedy what to do.
	Cause  string `json:"cause"`
	Remedy string `json:"remedy"`
}

// ConnectorCounts count what a connector took since its start.
type ConnectorCounts struct {
	Payloads   int64 `json:"payloads"`
	Records    int64 `json:"records"`
	Duplicates int64 `json:"duplicates"`
	Rejected   int64 `json:"rejected"`
	LastHour   int64 `json:"recordsLastHour"`
	LastDay    int64 `json:"recordsLastDay"`
}

// Backlog is what the source is known to hold and Quoll does not have yet.
type Backlog struct {
	// Payloads listed and not journalled.
	Payloads int64 `json:"payloads"`
	// Oldest is when the oldest of them was made available; null without any.
	Oldest *time.Time `json:"oldest"`
	// NextExpiry is when the source deletes the first of them; null: unknown.
	NextExpiry *time.Time `json:"nextExpiry"`
}

// ConnectorError is why the last attempt failed.
type ConnectorError struct {
	Time time.Time `json:"time"`
	// Code is the source's own: "AF20055", "401". It may be empty.
	Code string `json:"code,omitempty"`
	// Message is what the source said, without secrets.
	Message string `json:"message"`
	// Cause says in plain words what that means, and Remedy what to do.
	Cause  string `json:"cause,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// Attempts in a row that failed.
	Attempts int `json:"attempts"`
}

// HistoryPoint is the number of records in the interval that starts at Time.
type HistoryPoint struct {
	Time    time.Time `json:"time"`
	Records int64     `json:"records"`
}

// connectorList is the body of GET /api/v1/connectors.
type connectorList struct {
	// Now is the server's time, by which the times of the list are to be read.
	Now        time.Time   `json:"now"`
	Connectors []Connector `json:"connectors"`
}

func (s *Server) handleConnectors(w http.ResponseWriter, r *http.Request) error {
	list, err := s.services.Connectors.Connectors(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Connector{}
	}
	writeJSON(w, http.StatusOK, connectorList{Now: s.clock().UTC(), Connectors: list})
	return nil
}
