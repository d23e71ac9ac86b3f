package server

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// Exporter writes a result as a file.
type Exporter interface {
	// Export writes result in the format, as it goes. A *Failure says why a
	// result has no such form; it comes before anything is written.
	Export(ctx context.Context, w io.Writer, format string, result *QueryResult) error
}

// exportTypes are the formats of POST /api/v1/query/export, and their media types.
var exportTypes = map[string]string{
	"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl",
	"parquet": "application/vnd.apache.parquet", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// exportBody is the body of POST /api/v1/query/export.
type exportBody struct {
	queryBody
	Format string `json:"format"`
}

// handleExport runs a query and answers with a file. The limits of a query
// bound it, and one that was cut says so in a header, since a file has no room
// for that.
func (s *Server) handleExport(w http.ResponseWriter, r *http.Request) error {
	if s.services.Querier == nil || s.services.Exporter == nil {
		return unavailable("exports")
	}
	var body exportBody
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	mediaType, ok := exportTypes[body.Format]
	if !ok {
		return &Failure{CodeBadRequest, "format " + strconv.Quote(body.Format) + " is none of csv, jsonl, parquet and xlsx"}
	}
	q, err := body.request(s.clock())
	if err != nil {
		return err
	}
	ctx, end, err := s.queryTurn(r.Context())
	if err != nil {
		return err
	}
	defer end()
	result, err := s.services.Querier.Query(ctx, q)
	if err != nil {
		return s.queryFailure(ctx, body.Query, err)
	}
	truncated := slices.ContainsFunc(append([]*QueryResult{result}, result.More...), func(t *QueryResult) bool { return t.Statistics.Truncated })
	h := w.Header()
	h.Set("X-Quoll-Rows", strconv.Itoa(len(result.Rows)))
	h.Set("X-Quoll-Truncated", strconv.FormatBool(truncated))
	out := &beginning{w: w, mediaType: mediaType, name: "quoll-results." + body.Format}
	err = s.services.Exporter.Export(ctx, out, body.Format, result)
	if err == nil || !out.begun {
		return err
	}
	// Half a file must not look like a whole one.
	s.log.ErrorContext(ctx, "export broke off", "request_id", h.Get(headerRequestID), "format", body.Format, "error", err)
	panic(http.ErrAbortHandler)
}

// beginning sets the headers of a file with its first byte, so that what fails
// before can still be answered as an error.
type beginning struct {
	w               http.ResponseWriter
	mediaType, name string
	begun           bool
}

func (b *beginning) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !b.begun {
		b.begun = true
		h := b.w.Header()
		h.Set("Content-Type", b.mediaType)
		h.Set("Content-Disposition", `attachment; filename="`+b.name+`"`)
		h.Set("Cache-Control", "no-store")
	}
	return b.w.Write(p)
}
