package servertest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/server"
)

// Rules implements server.Rules: one that finds, one that is quiet, one that
// fails and one that is off.
func (c *Canned) Rules(context.Context) ([]server.Rule, error) {
	now := c.clock().UTC()
	rule := func(id, name, severity string, tactics, techniques []string, runs, alerts int64) server.Rule {
		return server.Rule{
			ID: id, Name: name, Kind: "Scheduled", Version: "1.0.0", Severity: severity, Enabled: true, Tactics: tactics, Techniques: techniques,
			Description: "An invented rule.", Query: "OfficeActivity\n| where Operation == \"New-InboxRule\"\n| take " + strconv.FormatInt(alerts, 10), Frequency: 300, Period: 3600,
			Health: server.RuleHealth{Runs: runs, Alerts: alerts, LastRun: at(now.Add(-2 * time.Minute)), EvaluatedTo: at(now.Add(-5 * time.Minute))},
		}
	}
	list := []server.Rule{
		rule("r-1", "Inbox rule hides or forwards mail", "High", []string{"Persistence", "Collection"}, []string{"T1114.003", "T1564.008"}, 864, 3),
		rule("r-2", "Mailbox forwards outside", "Medium", []string{"Exfiltration"}, []string{"T1114.003"}, 864, 0),
		rule("r-3", "Sign-in after a phishing link was clicked", "High", []string{"InitialAccess"}, []string{"T1566.002", "T1078"}, 863, 1),
		rule("r-4", "Many files deleted", "Low", []string{"Impact"}, []string{"T1485"}, 0, 0),
	}
	list[2].Health.LastError = "no column \"ClientIp\" in table OfficeActivity"
	list[3].Enabled, list[3].Health = false, server.RuleHealth{}
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(list, c.saved...), nil
}

// line reads a value that stands in one line of a rule.
func line(yaml, key string) string {
	for text := range strings.Lines(yaml) {
		if value, ok := strings.CutPrefix(text, key+": "); ok {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

// SaveRule implements server.Rules: it takes what has an id and a name, and knows
// the mistake that the querier knows.
func (c *Canned) SaveRule(_ context.Context, yaml string) (*server.Rule, error) {
	rule := server.Rule{ID: line(yaml, "id"), Name: line(yaml, "name"), Kind: "Scheduled", Version: line(yaml, "version"), Severity: line(yaml, "severity"), Enabled: true}
	if rule.ID == "" || rule.Name == "" {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "name: missing"}
	}
	if _, query, ok := strings.Cut(yaml, "\nquery:"); ok {
		if at := strings.Index(query, UnknownColumn); at >= 0 {
			return nil, &server.QueryError{Text: query, Mistakes: []server.Mistake{{Start: at, End: at + len(UnknownColumn), Message: `no column "` + UnknownColumn + `" in table OfficeActivity`}}}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved = append(c.saved, rule)
	return &rule, nil
}

// Export implements server.Exporter: it says what would be written.
func (c *Canned) Export(_ context.Context, w io.Writer, format string, result *server.QueryResult) error {
	if format == "parquet" && len(result.More) > 0 {
		return &server.Failure{Code: server.CodeBadRequest, Message: "the query gives several tables, and a Parquet file holds one"}
	}
	_, err := fmt.Fprintf(w, "%d rows as %s\n", len(result.Rows), format)
	return err
}

// Notes implements server.Notebook.
func (c *Canned) Notes(_ context.Context, who string) ([]server.Note, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var seen []server.Note
	for _, n := range slices.Backward(c.notes) {
		if n.Shared || n.Owner == who {
			seen = append(seen, n)
		}
	}
	return seen, nil
}

// AddNote implements server.Notebook.
func (c *Canned) AddNote(_ context.Context, n server.Note) (*server.Note, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.Title == "" {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: "a title has 1 to 200 bytes"}
	}
	n.ID, n.Created = strconv.Itoa(len(c.notes)+1), c.clock().UTC()
	c.notes = append(c.notes, n)
	return &n, nil
}

// RemoveNote implements server.Notebook.
func (c *Canned) RemoveNote(_ context.Context, who, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.notes, func(n server.Note) bool { return n.ID == id && n.Owner == who })
	if i < 0 {
		return server.ErrNotFound
	}
	c.notes = slices.Delete(c.notes, i, i+1)
	return nil
}

// Explain implements server.Explainer.
func (c *Canned) Explain(ctx context.Context, q server.QueryRequest) (*server.QueryPlan, error) {
	if _, err := c.Query(ctx, q); err != nil {
		return nil, err
	}
	return &server.QueryPlan{Plan: "limit 50\n  scan OfficeActivity", SQL: "SELECT * FROM \"OfficeActivity\" LIMIT 50"}, nil
}

// Backtest implements server.Backtester: alerts on every third day.
func (c *Canned) Backtest(_ context.Context, r server.BacktestRequest) (*server.Backtest, error) {
	if at := strings.Index(r.Query, UnknownColumn); at >= 0 {
		return nil, &server.QueryError{Mistakes: []server.Mistake{{Start: at, End: at + len(UnknownColumn), Message: `no column "` + UnknownColumn + `" in table OfficeActivity`}}}
	}
	found := &server.Backtest{From: r.From, To: r.To, Windows: 168, Rows: 31, Seconds: 1.4}
	for day := r.From.Truncate(24 * time.Hour); day.Before(r.To); day = day.AddDate(0, 0, 1) {
		n := 0
		if day.YearDay()%3 == 0 {
			n = 1 + day.Day()%4
		}
		found.Days, found.Alerts = append(found.Days, server.BacktestDay{Day: day.Format(time.DateOnly), Alerts: n}), found.Alerts+n
	}
	return found, nil
}
