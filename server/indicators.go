package server

import (
	"context"
	"net/http"
	"time"
)

// Indicators are what is known of threats. Their errors that the user may read
// are *Failure.
type Indicators interface {
	// Indicators returns those that count now, at most limit.
	Indicators(ctx context.Context, limit int) (*IndicatorList, error)
	ImportIndicators(ctx context.Context, i IndicatorImport) (*IndicatorsTaken, error)
	// MatchBackwards runs the rules that match indicators over what happened
	// since from, and returns how many alerts were raised or grew.
	MatchBackwards(ctx context.Context, from time.Time, actor string) (alerts int, err error)
}

// Indicator is one observable of one indicator.
type Indicator struct {
	ID          string     `json:"id"`
	Source      string     `json:"source"`
	Key         string     `json:"observableKey"`
	Value       string     `json:"observableValue"`
	Confidence  *int       `json:"confidence"`
	Description string     `json:"description"`
	ValidUntil  *time.Time `json:"validUntil"`
}

// IndicatorList is indicators, and how many were not yet matched backwards.
type IndicatorList struct {
	Indicators []Indicator `json:"indicators"`
	Unmatched  int         `json:"unmatched"`
}

// IndicatorImport is a STIX 2.1 bundle or a CSV.
type IndicatorImport struct {
	Source string `json:"source"`
	Format string `json:"format"` // stix or csv
	Text   string `json:"text"`
	Actor  string `json:"-"`
}

// IndicatorsTaken is what became of an import.
type IndicatorsTaken struct {
	Changed int                `json:"changed"` // new or other than before
	Found   int                `json:"found"`
	Skipped []IndicatorSkipped `json:"skipped"`
}

// IndicatorSkipped is one that was not taken.
type IndicatorSkipped struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

func (s *Server) indicatorEndpoints() []endpoint {
	return offered(s.services.Indicators != nil, "indicators",
		endpoint{"GET /api/v1/indicators", RoleReader, s.handleIndicators},
		endpoint{"POST /api/v1/indicators", RoleContributor, s.handleIndicatorImport},
		endpoint{"POST /api/v1/indicators/matches", RoleContributor, s.handleMatchBackwards})
}

func (s *Server) handleIndicators(w http.ResponseWriter, r *http.Request) error {
	limit, err := intParameter(r.URL.Query(), "limit", 1000, 1, 100_000)
	if err != nil {
		return err
	}
	list, err := s.services.Indicators.Indicators(r.Context(), limit)
	if err != nil {
		return err
	}
	list.Indicators = notNil(list.Indicators)
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) handleIndicatorImport(w http.ResponseWriter, r *http.Request) error {
	var body IndicatorImport
	if err := s.decodeUpTo(maxWatchlist, w, r, &body); err != nil {
		return err
	}
	body.Actor = callerOf(r.Context()).person.Name
	taken, err := s.services.Indicators.ImportIndicators(r.Context(), body)
	if err != nil {
		return err
	}
	taken.Skipped = notNil(taken.Skipped)
	writeJSON(w, http.StatusOK, taken)
	return nil
}

func (s *Server) handleMatchBackwards(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		From time.Time `json:"from"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if body.From.IsZero() || body.From.After(s.clock()) {
		return &Failure{CodeBadRequest, "from must be a time in the past"}
	}
	alerts, err := s.services.Indicators.MatchBackwards(r.Context(), body.From.UTC(), callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]int{"alerts": alerts})
	return nil
}
