package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// maxImportBytes bounds a file of rules or a workbook as JSON carries it: Microsoft's
// largest workbook has 2 MB, and escapes may double a file.
const maxImportBytes = 8 << 20

// RuleDraft is a rule of a file that somebody brings, in the form in which it would
// be kept.
type RuleDraft struct {
	ID, Name, Kind string
	// YAML is as SaveRule takes it; empty where it cannot be kept, for the reasons
	// in Why.
	YAML string
	// Why says what differs here from what the rule says.
	Why []string
	// Missing are tables and functions that its query asks for in vain.
	Missing []string
}

// What became of a rule of a file.
const (
	ImportRuns    = "runs"
	ImportDiffers = "runs with difference"
	ImportCannot  = "cannot"
)

// ImportedRule is a rule of a file, and what became of it.
type ImportedRule struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Result  string   `json:"result"`
	Why     []string `json:"why"`
	Missing []string `json:"missing"`
}

// importBody is a file: its name with its ending, and what is in it.
type importBody struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

func (s *Server) decodeImport(w http.ResponseWriter, r *http.Request) (importBody, error) {
	var body importBody
	if err := s.decodeUpTo(maxImportBytes, w, r, &body); err != nil {
		return body, err
	}
	if body.Name == "" || len(body.Name) > 1000 {
		return body, &Failure{CodeBadRequest, "name: it is that of the file, with its ending"}
	}
	if strings.TrimSpace(body.Text) == "" {
		return body, &Failure{CodeBadRequest, "text is empty: it is what the file holds"}
	}
	return body, nil
}

// handleRuleImport keeps the rules of one file, each for itself: one that cannot be
// kept does not hold up the others.
func (s *Server) handleRuleImport(w http.ResponseWriter, r *http.Request) error {
	body, err := s.decodeImport(w, r)
	if err != nil {
		return err
	}
	drafts, err := s.services.Rules.ReadRules(r.Context(), body.Name, body.Text)
	if err != nil {
		return err
	}
	imported := make([]ImportedRule, 0, len(drafts))
	for _, d := range drafts {
		one := ImportedRule{ID: d.ID, Name: d.Name, Kind: d.Kind, Result: ImportCannot, Why: notNil(d.Why), Missing: notNil(d.Missing)}
		if d.YAML != "" {
			_, err := s.services.Rules.SaveRule(r.Context(), d.YAML)
			if one.Result, one.Why, err = became(one.Why, err); err != nil {
				return err
			}
		}
		imported = append(imported, one)
	}
	writeJSON(w, http.StatusOK, map[string][]ImportedRule{"rules": imported})
	return nil
}

// became gives the result of a rule and what to say of it. An error is one that the
// user may not read.
func became(differs []string, err error) (result string, why []string, other error) {
	var mistakes *QueryError
	var failure *Failure
	switch {
	case errors.As(err, &mistakes):
		for _, d := range diagnose(mistakes.Text, mistakes.Mistakes) {
			why = append(why, fmt.Sprintf("line %d, column %d of its query: %s", d.Line, d.Column, d.Message))
		}
		return ImportCannot, notNil(why), nil
	case errors.As(err, &failure):
		return ImportCannot, []string{failure.Message}, nil
	case err != nil:
		return ImportCannot, nil, err
	case len(differs) > 0:
		return ImportDiffers, differs, nil
	}
	return ImportRuns, differs, nil
}

// ImportedDashboard is a dashboard that was made of a file.
type ImportedDashboard struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Tiles int    `json:"tiles"`
	// Omitted are the steps of a workbook that were not taken.
	Omitted []OmittedStep `json:"omitted"`
	// Mistakes are queries that do not compile here; their tiles are there all the same.
	Mistakes []string `json:"mistakes"`
}

// OmittedStep is a step of a workbook that was not taken, and why.
type OmittedStep struct {
	Step   string `json:"step"`
	Reason string `json:"reason"`
}

func (s *Server) handleDashboardImport(w http.ResponseWriter, r *http.Request) error {
	body, err := s.decodeImport(w, r)
	if err != nil {
		return err
	}
	made, err := s.services.Dashboards.ImportDashboard(r.Context(), body.Name, body.Text)
	if err != nil {
		return err
	}
	made.Omitted, made.Mistakes = notNil(made.Omitted), notNil(made.Mistakes)
	writeJSON(w, http.StatusCreated, made)
	return nil
}

func (s *Server) handleDashboardRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Dashboards.RemoveDashboard(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
