package main

import (
	"strings"
	"testing"
)

func TestTheFirstLinkIsNotInAJournal(t *testing.T) {
	const link = "http://127.0.0.1:8484/sign-in#link=secret"
	for _, c := range []struct {
		stream, link string
		want         string
		told         bool
	}{
		{"", link, link, true},
		{"8:12345", link, "quoll access link --data /var/lib/quoll", false},
		{"", "", "", false},
	} {
		var out strings.Builder
		kept := outputKept(func(name string) string {
			if name != "JOURNAL_STREAM" {
				t.Errorf("asked for %s", name)
			}
			return c.stream
		})
		tellLink(&out, c.link, "/var/lib/quoll", kept)
		if !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), "secret") != c.told {
			t.Errorf("JOURNAL_STREAM=%q, link %q: %q", c.stream, c.link, out.String())
		}
	}
}
