package main

import (
	"context"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/server"
)

// ruleList is the server's view of the rules.
type ruleList struct {
	rules    []*detect.Rule
	detector *detect.Detector
}

// Rules implements server.Rules.
func (l ruleList) Rules(ctx context.Context) ([]server.Rule, error) {
	health, err := l.detector.Health(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]detect.Health{}
	for _, h := range health {
		byID[h.RuleID] = h
	}
	all := make([]server.Rule, 0, len(l.rules))
	for _, r := range l.rules {
		h, known := byID[r.ID]
		all = append(all, server.Rule{
			ID: r.ID, Name: r.Name, Description: r.Description, Kind: r.Kind, Version: r.Version, Severity: string(r.Severity), Enabled: known && h.Enabled,
			Tactics: r.Tactics, Techniques: append(append([]string{}, r.RelevantTechniques...), r.SubTechniques...), Query: r.Query,
			Frequency: time.Duration(r.QueryFrequency).Seconds(), Period: time.Duration(r.QueryPeriod).Seconds(),
			Health: server.RuleHealth{
				Runs: h.Runs, Alerts: h.Hits, LastRun: moment(h.LastRun), EvaluatedTo: moment(h.LastEnd), LastError: h.LastError, SuppressedUntil: moment(h.SuppressedUntil),
			},
		})
	}
	return all, nil
}

// Explain implements server.Explainer.
func (q querier) Explain(ctx context.Context, r server.QueryRequest) (*server.QueryPlan, error) {
	explained, err := q.service.Explain(ctx, query.Request{Text: r.Text, From: r.From, To: r.To, Now: r.Now, Parameters: r.Parameters})
	if err != nil {
		return nil, serverFailure(err)
	}
	return &server.QueryPlan{Plan: explained.Plan, SQL: explained.SQL}, nil
}
