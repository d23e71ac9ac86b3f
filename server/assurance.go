package server

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/quoll/quoll/assure"
)

// Assurance gives live evidence for controls and decisions.
type Assurance interface {
	// Assurance gathers it. The shapes are those of package assure.
	Assurance(ctx context.Context) (*assure.Report, error)
	// Assess keeps an assessor's word beside an item, and returns it as it is then.
	Assess(ctx context.Context, item string, a assure.Assessment) (*assure.Assessment, error)
}

func (s *Server) handleAssurance(w http.ResponseWriter, r *http.Request) error {
	report, err := s.services.Assurance.Assurance(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, report)
	return nil
}

func (s *Server) handleAssuranceReport(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := knownParameters(q, "format"); err != nil {
		return err
	}
	format := q.Get("format")
	if !slices.Contains([]string{"html", "oscal"}, format) {
		return &Failure{CodeBadRequest, "format is html or oscal"}
	}
	report, err := s.services.Assurance.Assurance(r.Context())
	if err != nil {
		return err
	}
	name := "quoll-evidence-" + report.Made.Format("2006-01-02T150405Z")
	var b bytes.Buffer
	if format == "html" {
		if err := report.WriteHTML(&b); err != nil {
			return err
		}
		writeFile(w, "text/html; charset=utf-8", name+".html", b.Bytes())
		return nil
	}
	if err := report.WriteOSCAL(&b); err != nil {
		return err
	}
	writeFile(w, "application/json", name+".oscal.json", b.Bytes())
	return nil
}

// maxRemark bounds a remark of an assessor, in bytes.
const maxRemark = 10_000

func (s *Server) handleAssess(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Status string `json:"status"`
		Remark string `json:"remark"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	id := r.PathValue("id")
	switch _, known := assure.Find(id); {
	case !known:
		return ErrNotFound
	case !slices.Contains(assure.Statuses, body.Status):
		return &Failure{CodeBadRequest, "status is one of " + strings.Join(assure.Statuses, ", ")}
	case len(body.Remark) > maxRemark:
		return &Failure{CodeBadRequest, fmt.Sprintf("remark has more than %d bytes", maxRemark)}
	}
	a, err := s.services.Assurance.Assess(r.Context(), id, assure.Assessment{Status: body.Status, Remark: body.Remark})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, a)
	return nil
}
