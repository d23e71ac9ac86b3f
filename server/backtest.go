package server

import (
	"context"
	"net/http"
	"time"
)

// Backtester says what a rule would have found.
type Backtester interface {
	// Backtest runs the windows of a rule that leave no instant of the period out. A
	// mistake in its query is a *QueryError; a *Failure with CodeTooMany says that
	// another backtest runs.
	Backtest(ctx context.Context, r BacktestRequest) (*Backtest, error)
}

// BacktestRequest is the body of POST /api/v1/rules/backtest: a rule that is loaded,
// with another query where one is given, or the text of a rule.
type BacktestRequest struct {
	ID    string    `json:"id,omitempty"`
	Query string    `json:"query,omitempty"`
	YAML  string    `json:"yaml,omitempty"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"` // now when left out
}

// Backtest is what a rule would have found in a period.
type Backtest struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Windows int       `json:"windows"`
	Failed  int       `json:"failed"`          // windows
	Error   string    `json:"error,omitempty"` // of the first that failed
	Rows    int64     `json:"rows"`
	Alerts  int       `json:"alerts"`
	// Days are all of the period, in UTC, with the alerts whose first event is of
	// that day.
	Days    []BacktestDay `json:"days"`
	Seconds float64       `json:"seconds"`
}

// BacktestDay counts the alerts of a day.
type BacktestDay struct {
	Day    string `json:"day"` // "2026-09-14"
	Alerts int    `json:"alerts"`
}

// maxBacktest bounds the period of a backtest that somebody waits for.
const maxBacktest = 92 * 24 * time.Hour

func (s *Server) backtestEndpoints() []endpoint {
	return offered(s.services.Backtester != nil, "backtests",
		endpoint{"POST /api/v1/rules/backtest", RoleResponder, s.handleBacktest})
}

func (s *Server) handleBacktest(w http.ResponseWriter, r *http.Request) error {
	var body BacktestRequest
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if body.To.IsZero() {
		body.To = s.clock()
	}
	body.From, body.To = body.From.UTC(), body.To.UTC()
	switch {
	case (body.ID == "") == (body.YAML == ""):
		return &Failure{CodeBadRequest, "name the rule with id, or give its text with yaml"}
	case body.YAML != "" && body.Query != "":
		return &Failure{CodeBadRequest, "query goes with id: the text of a rule has its own"}
	case body.From.IsZero() || !body.From.Before(body.To):
		return &Failure{CodeBadRequest, "from: it says where the period begins, before to"}
	case body.To.Sub(body.From) > maxBacktest:
		return &Failure{CodeBadRequest, "a period has at most 92 days; quoll rules backtest takes longer ones"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.config.QueryTimeout)
	defer cancel()
	found, err := s.services.Backtester.Backtest(ctx, body)
	if err != nil {
		return s.queryFailure(ctx, body.Query, err)
	}
	found.Days = notNil(found.Days)
	writeJSON(w, http.StatusOK, found)
	return nil
}
