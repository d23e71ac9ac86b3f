package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAScreenIsSentTextAndColours(t *testing.T) {
	for given, want := range map[string]string{
		"plain\ttext\n":       "plain\ttext\n",
		"\x1b[97;41mX\x1b[0m": "\x1b[97;41mX\x1b[0m",
		"\x1b[mX":             "\x1b[mX",
		"a\x1b[2Jb":           "a\uFFFD[2Jb",
		"a\x1b]0;title\x07b":  "a\uFFFD]0;title\uFFFDb",
		"a\rb\x08c\x7f\x00":   "a\uFFFDb\uFFFDc\uFFFD\uFFFD",
		"a\x1b":               "a\uFFFD",
		"a\x1b[31":            "a\uFFFD[31",
		"\u009b2Jx":           "\uFFFD2Jx", // CSI as one character
		"Grüße 您好 \u00a9":     "Grüße 您好 \u00a9",
		"\x1b[31m\x1b[2K\u0085\u0080\u009f\u00a0z": "\x1b[31m\uFFFD[2K\uFFFD\uFFFD\uFFFD\u00a0z",
	} {
		if got := string((&screen{}).shown([]byte(given))); got != want {
			t.Errorf("%q is shown as %q, want %q", given, got, want)
		}
	}
	s := &screen{}
	if got := string(s.shown([]byte("a\xc2"))) + string(s.shown([]byte("\x9b2J"))); got != "a\xc2\uFFFD2J" {
		t.Errorf("a control character in two writes is shown as %q", got)
	}
}

func TestAFileIsSentTheBytes(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if onScreen(file) != stream(file) {
		t.Error("what goes to a file is changed")
	}
}
