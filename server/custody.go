package server

import (
	"context"
	"io"
	"net/http"
	"strconv"
)

// Custodian takes incidents away with their evidence.
type Custodian interface {
	// ExportIncident makes the file of an incident; ErrNotFound when the id is
	// unknown. Whoever gets it closes its body.
	ExportIncident(ctx context.Context, id string) (*CustodyFile, error)
}

// CustodyFile is the file of an incident, as docs/formats/custody.md has it.
type CustodyFile struct {
	Name   string // plain ASCII
	Size   int64  // bytes
	SHA256 string // lower-case hexadecimal
	Body   io.ReadCloser
}

func (s *Server) custodyEndpoints() []endpoint {
	return offered(s.services.Custodian != nil, "exports of incidents",
		endpoint{"POST /api/v1/incidents/{id}/export", RoleResponder, s.handleIncidentExport})
}

func (s *Server) handleIncidentExport(w http.ResponseWriter, r *http.Request) error {
	file, err := s.services.Custodian.ExportIncident(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-tar")
	h.Set("Content-Disposition", `attachment; filename="`+file.Name+`"`)
	h.Set("Content-Length", strconv.FormatInt(file.Size, 10))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Quoll-SHA256", file.SHA256)
	_, err = io.Copy(w, file.Body)
	if closeErr := file.Body.Close(); closeErr != nil {
		s.log.ErrorContext(r.Context(), "the copy of an exported incident stays behind", "error", closeErr)
	}
	if err != nil {
		// Half a file must not look like a whole one; the length says so too.
		s.log.ErrorContext(r.Context(), "export broke off", "request_id", h.Get(headerRequestID), "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
