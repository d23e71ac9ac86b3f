package server

import (
	"context"
	"net/http"
	"time"
)

// Coverage tells of how many rows about messages the message itself is there.
type Coverage interface {
	// Coverage looks at rows whose TimeGenerated lies in the span before now.
	Coverage(ctx context.Context, span time.Duration) (*MessageCoverage, error)
}

// MessageCoverage is that of every table whose rows belong to a message.
type MessageCoverage struct {
	// Now is when it was measured. The rows are those that happened within Span
	// before.
	Now         time.Time       `json:"now"`
	SpanSeconds float64         `json:"spanSeconds"`
	Tables      []TableCoverage `json:"tables"`
}

// TableCoverage counts rows of a table by whether EmailEvents has a row with the
// same NetworkMessageId. Rows is the sum of Found, Waiting and Missing.
type TableCoverage struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	// Found have their message. Late are those of them that were visible more
	// than a minute before it, LongestLateSeconds by how much at most.
	Found              int64   `json:"found"`
	Late               int64   `json:"late"`
	LongestLateSeconds float64 `json:"longestLateSeconds"`
	// Waiting lack their message and came within the last hour, Missing before.
	Waiting int64 `json:"waiting"`
	Missing int64 `json:"missing"`
	// Share of Found in Rows; null without rows.
	Share *float64 `json:"share"`
}

const (
	coverageHours    = 24 // when none are asked for
	maxCoverageHours = 31 * 24
)

func (s *Server) handleCoverage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "hours"); err != nil {
		return err
	}
	hours, err := intParameter(q, "hours", coverageHours, 1, maxCoverageHours)
	if err != nil {
		return err
	}
	c, err := s.services.Coverage.Coverage(r.Context(), time.Duration(hours)*time.Hour)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, c)
	return nil
}
