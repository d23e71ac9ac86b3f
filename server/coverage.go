package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
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
	coverageSpan    = 24 * time.Hour // when none is asked for
	maxCoverageSpan = 31 * 24 * time.Hour
)

func (s *Server) handleCoverage(w http.ResponseWriter, r *http.Request) error {
	span := coverageSpan
	for name := range r.URL.Query() {
		if name != "hours" {
			return &Failure{CodeBadRequest, fmt.Sprintf("there is no parameter %q; there is hours", name)}
		}
	}
	if text := r.URL.Query().Get("hours"); text != "" {
		hours, err := strconv.Atoi(text)
		if err != nil || hours < 1 || hours > int(maxCoverageSpan/time.Hour) {
			return &Failure{CodeBadRequest, fmt.Sprintf("hours %q is no number from 1 to %d", text, maxCoverageSpan/time.Hour)}
		}
		span = time.Duration(hours) * time.Hour
	}
	c, err := s.services.Coverage.Coverage(r.Context(), span)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, c)
	return nil
}
