// Package collect is what all roads from Microsoft to the journal share: the
// small Collector interface, the Sink they write to, the ledger of what should
// exist, request budgets and the cutting of time into windows.
//
// A collector fetches bytes and hands them on unread. This package and those
// below it must not know what a record means, where the journal keeps it, or
// how anything is shown; they import model and nothing further down the river.
package collect

import (
	"context"
	"time"

	"github.com/quoll/quoll/model"
)

// Collector brings the payloads of one source to a Sink.
type Collector interface {
	// Run collects until ctx ends and then returns nil. Trouble at the source,
	// in the sink or in the ledger is retried for ever and shown in Status;
	// an error means that the collector cannot run at all.
	Run(ctx context.Context) error
	// Status is safe to call at any time, also before Run and after it.
	Status() Status
}

// Sink takes payloads for good. The journal is one.
type Sink interface {
	// Journal returns once the payload is durable, with its position. It may
	// keep the caller waiting: that is the back-pressure of the river.
	Journal(ctx context.Context, payload model.Payload) (position uint64, err error)
}

// Health is one word on how a collector or one of its streams is doing.
type Health string

// The words, from best to worst. A collector has the worst of its streams.
const (
	HealthRunning  Health = "running"  // the last attempt succeeded
	HealthStarting Health = "starting" // nothing was attempted yet
	HealthDegraded Health = "degraded" // trouble that retrying is expected to mend
	HealthBlocked  Health = "blocked"  // trouble that a person has to mend
	HealthStopped  Health = "stopped"  // Run has returned
)

// Status is what a person or an alarm wants to know of one collector. It is a
// copy; the times are UTC, and zero when the event never happened.
type Status struct {
	// Name tells collectors apart: "activity/<tenant id>".
	Name    string         `json:"name"`
	Source  model.Source   `json:"source"`
	Tenant  string         `json:"tenant"`
	Health  Health         `json:"health"`
	Problem *Problem       `json:"problem,omitempty"`
	Streams []StreamStatus `json:"streams"`
	// Failures and Errors are those of what comes before any stream: they count as
	// a stream's do, and are in the streams' figures as well.
	Failures int64 `json:"failures,omitempty"`
	Errors   int64 `json:"errors,omitempty"`
	// CredentialEnds is when what the collector signs in with ends; zero when it
	// needs nothing, nobody knows, or somebody else renews it.
	CredentialEnds time.Time `json:"credentialEnds"`
	// Warnings are what becomes trouble unless somebody acts in time.
	Warnings []Problem `json:"warnings,omitempty"`
}

// Shown are the streams, or, of a collector that has not got as far as any, the
// road itself as one without a name.
func (s Status) Shown() []StreamStatus {
	if len(s.Streams) > 0 {
		return s.Streams
	}
	return []StreamStatus{{Health: s.Health, Problem: s.Problem, Failures: s.Failures, Errors: s.Errors}}
}

// StreamStatus is the state of one content type of the Management Activity API,
// or of one table of a Defender export.
type StreamStatus struct {
	ContentType string `json:"contentType"`
	Health      Health `json:"health"`
	// Subscription is the status the API gives ("enabled", "disabled",
	// "missing"); empty where the source has none or has not been asked.
	Subscription string `json:"subscription,omitempty"`
	// LastSuccess is when the source last answered completely, with or without
	// anything new.
	LastSuccess time.Time `json:"lastSuccess"`
	// LastBlob is when the newest known content was created at the source.
	LastBlob time.Time `json:"lastBlob"`
	// LastJournalled is when something was last handed to the sink for good.
	LastJournalled time.Time `json:"lastJournalled"`
	// Cursor is the point at the source before which everything that was listed
	// is journalled or recorded as a gap. Lag is how far it lies behind now.
	Cursor time.Time     `json:"cursor"`
	Lag    time.Duration `json:"lag"`
	// NextExpiry is the deadline of the content that will be lost first if it is
	// not fetched; zero when nothing is outstanding.
	NextExpiry time.Time `json:"nextExpiry"`
	Counts     Counts    `json:"counts"`
	Problem    *Problem  `json:"problem,omitempty"`
	// Failures are the attempts that failed since the last that succeeded, Errors
	// those since the process started.
	Failures int64 `json:"failures,omitempty"`
	Errors   int64 `json:"errors,omitempty"`
	// Warnings are what becomes trouble unless somebody acts in time.
	Warnings []Problem `json:"warnings,omitempty"`
}

// Counts are totals since the ledger began, except Listed and Failed, which are
// the present backlog.
type Counts struct {
	Listed     int64 `json:"listed"`     // blobs known and not tried yet
	Failed     int64 `json:"failed"`     // blobs tried in vain, to be tried again
	Journalled int64 `json:"journalled"` // blobs, or chunks of an export, journalled
	Expired    int64 `json:"expired"`    // blobs lost for good, each a known gap
	Gaps       int64 `json:"gaps"`       // known gaps, including the blobs in Expired
	Regrown    int64 `json:"regrown"`    // blobs that had grown when they were fetched once more
	Records    int64 `json:"records"`    // records in what was journalled, repeats included
	Bytes      int64 `json:"bytes"`      // bytes in what was journalled, repeats included
}

// Backlog is how many blobs are known and not journalled.
func (c Counts) Backlog() int64 { return c.Listed + c.Failed }

// Problem is trouble in words for the person who has to end it. None of its
// fields ever holds a secret.
type Problem struct {
	Time time.Time `json:"time"`
	// Code is the source's own ("AF20023", "AADSTS7000222"), if it gave one.
	Code string `json:"code,omitempty"`
	// Cause says in one plain sentence what is wrong, Remedy what to do.
	Cause  string `json:"cause"`
	Remedy string `json:"remedy,omitempty"`
	// Detail is the error itself.
	Detail string `json:"detail,omitempty"`
}

// Worst returns the worse of two healths.
func Worst(a, b Health) Health {
	if severity(b) > severity(a) {
		return b
	}
	return a
}

func severity(h Health) int {
	switch h {
	case HealthRunning:
		return 0
	case HealthStarting:
		return 1
	case HealthDegraded:
		return 2
	case HealthBlocked:
		return 3
	default:
		return 4
	}
}
