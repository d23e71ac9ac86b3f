package prompt

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func lines(t *testing.T, typed string, words ...string) (*Reader, []string) {
	t.Helper()
	r := newReader(strings.NewReader(typed), io.Discard, func() []string { return words })
	var all []string
	for {
		line, err := r.Line("> ")
		switch {
		case errors.Is(err, ErrInterrupted):
			all = append(all, "interrupted")
		case errors.Is(err, io.EOF):
			return r, all
		case err != nil:
			t.Fatal(err)
		default:
			all = append(all, line)
		}
	}
}

func TestKeys(t *testing.T) {
	for typed, want := range map[string]string{
		"one\rtwo\r":               "one|two",
		"ab\x7fc\r":                "ac", // backspace
		"b\x01a\r":                 "ab", // Ctrl-A
		"drop\x03keep\r":           "interrupted|keep",
		"\x04":                     "", // Ctrl-D
		"Off\t | cou\t\r":          "OfficeActivity | count",
		"su\tx\r":                  "sumx", // as far as all agree
		"zz\t\r":                   "zz",   // nothing begins so
		"\x1b[200~a\rb\x1b[201~\r": "a|b",  // pasted
	} {
		_, got := lines(t, typed, "OfficeActivity", "count", "summarize", "sum")
		if strings.Join(got, "|") != want {
			t.Errorf("%q gives %q, want %q", typed, got, want)
		}
	}
}

func TestHistoryIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "history")
	r := newReader(strings.NewReader(""), io.Discard, nil)
	if err := r.history.open(file); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "T\n| count", "T\n| count"} {
		if err := r.Remember(text); err != nil {
			t.Fatal(err)
		}
	}
	again := newReader(strings.NewReader("\x1b[A\r\x1b[A\x1b[A\r"), io.Discard, nil)
	if err := again.history.open(file); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"T | count", "first"} {
		if line, err := again.Line("> "); err != nil || line != want {
			t.Errorf("got %q, %v; want %q", line, err, want)
		}
	}
	for range mostEntries + mostEntries/10 {
		if err := again.Remember("x" + again.history.At(0)[:0] + string(rune('a'+again.history.Len()%26))); err != nil {
			t.Fatal(err)
		}
	}
	if n := again.history.Len(); n > mostEntries+mostEntries/10 {
		t.Errorf("the history has %d entries", n)
	}
}
