package server_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quoll/quoll/server"
)

func TestAnExportIsAFile(t *testing.T) {
	w := call(newServer(t, nil), "POST", "/api/v1/query/export", `{"query":"T | take 7","format":"xlsx"}`)
	if w.Code != http.StatusOK || w.Body.String() != "7 rows as xlsx\n" {
		t.Errorf("status %d, body %q", w.Code, w.Body)
	}
	for header, want := range map[string]string{
		"Content-Type":        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"Content-Disposition": `attachment; filename="quoll-results.xlsx"`, "X-Quoll-Rows": "7", "X-Quoll-Truncated": "false",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
}

// breaking writes some of a file and then fails.
type breaking struct{ bytes int }

func (b breaking) Export(_ context.Context, w io.Writer, _ string, _ *server.QueryResult) error {
	_, _ = io.WriteString(w, strings.Repeat("x", b.bytes))
	return errors.New("disk full")
}

func TestHalfAnExportIsNoAnswer(t *testing.T) {
	with := func(bytes int) *server.Server {
		return newServer(t, func(_ *server.Config, o *server.Options) { o.Services.Exporter = breaking{bytes} })
	}
	body := `{"query":"T","format":"csv"}`
	if w := call(with(0), "POST", "/api/v1/query/export", body); w.Code != http.StatusInternalServerError {
		t.Errorf("a failure before the first byte: status %d", w.Code)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the connection was not broken")
		}
	}()
	call(with(10), "POST", "/api/v1/query/export", body)
}
