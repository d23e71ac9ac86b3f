package source_test

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/source"
)

func TestErrorUnderlines(t *testing.T) {
	text := source.New("T | where z == 1")
	text.Errorf(source.Span{Start: 10, End: 11}, "no column %q in table T; columns are y, name", "z")
	want := `no column "z" in table T; columns are y, name at line 1, column 11:
T | where z == 1
          ~`
	if got := text.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestErrorShowsEveryMistakeInOrder(t *testing.T) {
	text := source.New("T\r\n\t| where é == zz\n| fold")
	text.Add(source.Diagnostic{Span: source.Span{Start: 23, End: 27}, Message: "no operator fold", Remedy: "summarize works"})
	text.Errorf(source.Span{Start: 18, End: 99}, "no column")
	text.Errorf(source.Span{Start: 18, End: 99}, "no column")
	want := "no column at line 2, column 15:\n" +
		"\t| where é == zz\n" +
		"\t             ~~\n" +
		"no operator fold at line 3, column 3:\n" +
		"| fold\n" +
		"  ~~~~\n" +
		"summarize works"
	if got := text.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestErrorAtTheEndOfText(t *testing.T) {
	text := source.New("T |")
	text.Errorf(source.Span{Start: 3, End: 3}, "operator expected")
	want := "operator expected at line 1, column 4:\nT |\n   ~"
	if got := text.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestErrorCutsLongLines(t *testing.T) {
	text := source.New(strings.Repeat("é", 1000) + "\x1b[2J" + strings.Repeat("b", 1000))
	text.Errorf(source.Span{Start: 2000, End: 2001}, "odd character")
	lines := strings.Split(text.Err().Error(), "\n")
	if n := len([]rune(lines[1])); n != 160 {
		t.Errorf("excerpt has %d characters, want 160", n)
	}
	if strings.Contains(lines[1], "\x1b") {
		t.Error("a control character reached the message")
	}
	if at := strings.Index(lines[2], "~"); []rune(lines[1])[at] != '\uFFFD' {
		t.Errorf("underline is not below the mistake:\n%s\n%s", lines[1], lines[2])
	}
}

func TestDiagnosticsAreBounded(t *testing.T) {
	text := source.New("x")
	for i := range source.MaxDiagnostics + 7 {
		text.Errorf(source.Span{}, "mistake %d", i)
	}
	if n := len(text.Diagnostics()); n != source.MaxDiagnostics {
		t.Errorf("%d diagnostics kept, want %d", n, source.MaxDiagnostics)
	}
	if !strings.HasSuffix(text.Err().Error(), "and 7 more") {
		t.Error("the error does not say how many were left out")
	}
	if source.New("x").Err() != nil {
		t.Error("a text without mistakes gives an error")
	}
}

func FuzzError(f *testing.F) {
	f.Add("T | where x", 4, 9)
	f.Add("a\r\nb\tc\xff", -1, 100)
	f.Fuzz(func(t *testing.T, s string, start, end int) {
		text := source.New(s)
		text.Errorf(source.Span{Start: start, End: end}, "mistake")
		if text.Err().Error() == "" {
			t.Error("empty message")
		}
	})
}
