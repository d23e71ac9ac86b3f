package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/prompt"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// typed gives lines one after the other; "^C" stands for that key.
func typed(lines ...string) func(string) (string, error) {
	return func(string) (string, error) {
		if len(lines) == 0 {
			return "", io.EOF
		}
		line := lines[0]
		lines = lines[1:]
		if line == "^C" {
			return "", prompt.ErrInterrupted
		}
		return line, nil
	}
}

func TestSession(t *testing.T) {
	var out, notes bytes.Buffer
	var asked, kept []string
	s := &session{options: queryOptions{format: "table"}, out: &out, echo: io.Discard, notes: &notes}
	s.line = typed("T", "| count", "", "", "let x = 1;", "print x;", "dropped", "^C", "wrong;", ".tables", ".schema OfficeActivity", ".schema Nothing", ".nothing", ".help", ".vertical", "print 2;")
	s.remember = func(text string) error { kept = append(kept, text); return nil }
	s.ask = func(_ context.Context, r query.Request) (*query.Result, error) {
		asked = append(asked, r.Text)
		if r.Text == "wrong;" {
			return nil, io.ErrUnexpectedEOF
		}
		return &query.Result{Columns: []query.Column{{Name: "N", Type: types.Long}}, Rows: [][]any{{int64(42)}}}, nil
	}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(asked, "§"), "T\n| count§let x = 1;\nprint x;§wrong;§print 2;"; got != want {
		t.Errorf("asked %q, want %q", got, want)
	}
	if len(kept) != 10 {
		t.Errorf("kept %d: %q", len(kept), kept)
	}
	for _, want := range []string{"42", "UnifiedAuditLog ", "ClientIP ", "Ctrl-D ends quoll", "── row 1\nN  42"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the answers lack %q:\n%s", want, out.String())
		}
	}
	for _, want := range []string{"unexpected EOF", `no table "Nothing"`, `no command ".nothing"`} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("the notes lack %q:\n%s", want, notes.String())
		}
	}
}

func TestASemicolonEndsAQueryAndNotItsLets(t *testing.T) {
	for text, want := range map[string]bool{
		"print 1;": true, "let x = 1;": false, "set notruncation;": false, "let x = 1; print x;": true, "T | where": false, "T | where ;": true, ";": true,
	} {
		if isComplete(text) != want {
			t.Errorf("isComplete(%q) is not %v", text, want)
		}
	}
}
