package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// errorBody is the body of every answer that is not a success.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code        string       `json:"code"`
	Message     string       `json:"message"`
	RequestID   string       `json:"requestId,omitempty"`
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// diagnosed is the failure of a query with its mistakes placed in the text.
type diagnosed struct {
	message     string
	diagnostics []Diagnostic
}

func (d *diagnosed) Error() string { return d.message }

func unavailable(what string) error {
	return &Failure{CodeUnavailable, "this process does not serve " + what}
}

// statusOf gives the HTTP status of a failure's code.
func statusOf(code string) int {
	switch code {
	case CodeBadRequest, CodeQuery:
		return http.StatusBadRequest
	case CodeUnauthorised:
		return http.StatusUnauthorized
	case CodeForbidden:
		return http.StatusForbidden
	case CodeNotFound:
		return http.StatusNotFound
	case CodeConflict:
		return http.StatusConflict
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case CodeMediaType:
		return http.StatusUnsupportedMediaType
	case CodeTooMany:
		return http.StatusTooManyRequests
	case CodeUnavailable:
		return http.StatusServiceUnavailable
	case CodeTimeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// handlerFunc is a handler that leaves its error to the server. It must return
// an error only before it has written anything.
type handlerFunc func(http.ResponseWriter, *http.Request) error

// api adapts a handler: its error becomes an error body, and one that the user
// may not read is logged under the id of the request.
func (s *Server) api(h handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		if r.Context().Err() != nil {
			return // the client went away; nobody reads an answer
		}
		s.writeError(w, r, err)
	})
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	detail := errorDetail{RequestID: w.Header().Get(headerRequestID)}
	var failure *Failure
	var mistakes *diagnosed
	switch {
	case errors.As(err, &mistakes):
		detail.Code, detail.Message, detail.Diagnostics = CodeQuery, mistakes.message, mistakes.diagnostics
	case errors.As(err, &failure):
		detail.Code, detail.Message = failure.Code, failure.Message
	default:
		detail.Code = CodeInternal
		detail.Message = "Something failed inside Quoll. Its log says more under this request id."
		s.log.ErrorContext(r.Context(), "request failed",
			"request_id", detail.RequestID, "method", r.Method, "path", r.URL.Path, "error", err)
	}
	writeJSON(w, statusOf(detail.Code), errorBody{Error: detail})
}

// writeJSON writes v with the status. An error of writing means that the client
// is gone, and is dropped.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

// writeResult streams a result. It returns an error only before the first byte.
func writeResult(w http.ResponseWriter, result *QueryResult) error {
	tables := append([]*QueryResult{result}, result.More...)
	heads, tails := make([][]byte, len(tables)), make([][]byte, len(tables))
	for i, t := range tables {
		var err error
		if heads[i], tails[i], err = frame(t); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	out := bufio.NewWriterSize(w, 64<<10)
	for i, t := range tables {
		if err := writeTable(out, t.Rows, heads[i], tails[i]); err != nil {
			return nil // the client is gone
		}
		switch {
		case i == 0 && len(tables) > 1:
			_, _ = out.WriteString(`,"more":[`)
		case i > 0 && i < len(tables)-1:
			_, _ = out.WriteString("},")
		case i > 0:
			_, _ = out.WriteString("}]")
		}
	}
	_, _ = out.WriteString("}\n")
	_ = out.Flush()
	return nil
}

// frame encodes what stands before and behind the rows of a table, so that an
// error is found before anything is sent.
func frame(t *QueryResult) (head, tail []byte, err error) {
	if err := checkCells(len(t.Columns), t.Rows); err != nil {
		return nil, nil, err
	}
	if head, err = json.Marshal(append([]ResultColumn{}, t.Columns...)); err != nil { // never null
		return nil, nil, fmt.Errorf("encode columns: %w", err)
	}
	tail, err = json.Marshal(struct {
		Visualization *Visualization `json:"visualization"`
		Statistics    Statistics     `json:"statistics"`
		Name          string         `json:"name,omitempty"`
	}{t.Visualization, t.Statistics, t.Name})
	if err != nil {
		return nil, nil, fmt.Errorf("encode statistics: %w", err)
	}
	return head, tail, nil
}

// writeTable writes a table without its closing brace.
func writeTable(out *bufio.Writer, rows [][]any, head, tail []byte) error {
	_, _ = out.WriteString(`{"columns":`)
	_, _ = out.Write(head)
	_, _ = out.WriteString(`,"rows":[`)
	var line []byte
	for i, row := range rows {
		line = appendRow(line[:0], row)
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("],")
	_, err := out.Write(tail[1 : len(tail)-1])
	return err
}

func appendRow(b []byte, row []any) []byte {
	b = append(b, '[')
	for i, cell := range row {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCell(b, cell)
	}
	return append(b, ']')
}

// decode reads a JSON body into v: bounded, one value, no unknown member.
func (s *Server) decode(w http.ResponseWriter, r *http.Request, v any) error {
	return s.decodeUpTo(s.config.MaxRequestBytes, w, r, v)
}

// decodeUpTo is decode for a body that may be larger than others.
func (s *Server) decodeUpTo(most int64, w http.ResponseWriter, r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &Failure{CodeMediaType, "the body must be application/json"}
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return &Failure{CodeTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit)}
		}
		return &Failure{CodeBadRequest, "the body is not the JSON that is wanted: " + err.Error()}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &Failure{CodeBadRequest, "the body holds more than one JSON value"}
	}
	return nil
}
