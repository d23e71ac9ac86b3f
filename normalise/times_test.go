package normalise

import (
	"testing"
	"time"
)

// Columns take every time that a year of four digits can say, also those by which
// no record is placed.
func TestTimesAtTheEnds(t *testing.T) {
	for text, want := range map[string]string{
		"/Date(-1000)/":                "1969-12-31T23:59:59Z",
		"0001-01-01T00:00:00":          "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.9999999Z": "9999-12-31T23:59:59.9999999Z",
	} {
		if at, ok := parseTime(text); !ok || at.Format(time.RFC3339Nano) != want {
			t.Errorf("%q read as %s, %v; want %s", text, at.Format(time.RFC3339Nano), ok, want)
		}
	}
}
