package servertest

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/quoll/quoll/server"
)

// ReadRules implements server.Rules: YAML is one rule, of which one of Sigma's differs;
// an ARM template has a rule that runs and one that cannot.
func (c *Canned) ReadRules(_ context.Context, name, text string) ([]server.RuleDraft, error) {
	draft := server.RuleDraft{ID: line(text, "id"), Name: line(text, "name"), Kind: "Scheduled", YAML: text}
	switch {
	case strings.Contains(text, "alertRules"):
		arm := "id: r-30\nname: Imported from a template\nversion: 1.0.0\nseverity: Low\nquery: OfficeActivity\n"
		return []server.RuleDraft{
			{ID: "r-30", Name: "Imported from a template", Kind: "Scheduled", YAML: arm},
			{Why: []string{`resource 2: kind "Fusion": Microsoft's own engine, which cannot run here`}},
		}, nil
	case strings.Contains(text, "logsource:"):
		draft.Name = line(text, "title")
		draft.YAML = "id: " + draft.ID + "\nname: " + draft.Name + "\nversion: 1.0.0\nseverity: Medium\nquery: OfficeActivity\n"
		draft.Why = []string{"Sigma says no frequency: it runs every hour over the last hour"}
	case draft.ID == "" || path.Ext(name) == ".json":
		return nil, nil
	}
	return []server.RuleDraft{draft}, nil
}

// ImportDashboard implements server.Dashboards: it takes what has steps.
func (c *Canned) ImportDashboard(_ context.Context, name, text string) (*server.ImportedDashboard, error) {
	title := strings.TrimSuffix(path.Base(name), path.Ext(name))
	id := strings.ToLower(title)
	if !strings.Contains(text, `"items"`) {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: `read workbook: no steps under "items"`}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.brought, func(d server.DashboardEntry) bool { return d.ID == id }) {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "a dashboard \"" + id + "\" was imported before: remove it first, or give the file another name"}
	}
	c.brought = append(c.brought, server.DashboardEntry{ID: id, Title: title, Description: "Imported from a Sentinel workbook.", Own: true, Imported: true, Tiles: 3})
	return &server.ImportedDashboard{
		ID: id, Title: title, Tiles: 3,
		Omitted:  []server.OmittedStep{{Step: "metric", Reason: "is a step of kind 10"}},
		Mistakes: []string{`tiles[2] "Sign-ins": no table "SigninLogs"`},
	}, nil
}

// RemoveDashboard implements server.Dashboards.
func (c *Canned) RemoveDashboard(_ context.Context, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.brought, func(d server.DashboardEntry) bool { return d.ID == id })
	if i < 0 {
		return server.ErrNotFound
	}
	c.brought = slices.Delete(c.brought, i, i+1)
	return nil
}
