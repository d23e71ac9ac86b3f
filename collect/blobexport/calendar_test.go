package blobexport

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// letters gives the states of the hours of the one table, a letter each.
func (r *rig) letters(w collect.Window, now time.Time) string {
	r.t.Helper()
	calendars, err := Calendars(r.t.Context(), r.db, w, now)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(calendars) != 1 || calendars[0].Stream != (collect.Stream{Tenant: tenant, ContentType: "EmailEvents"}) {
		r.t.Fatalf("calendars %+v, want one of EmailEvents", calendars)
	}
	var b strings.Builder
	for _, h := range calendars[0].Hours {
		b.WriteByte(map[collect.HourState]byte{collect.HourComplete: 'C', collect.HourWaiting: 'w', collect.HourLate: 'L', collect.HourSilent: 's'}[h.State])
	}
	return b.String()
}

func TestAnExportHasACalendar(t *testing.T) {
	r := newRig(t)
	at := func(hour float64) time.Time {
		return time.Date(2026, 9, 18, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
	}
	w := collect.Window{From: at(0), To: at(48)}
	r.write(hour(8), "{}\n{}\n")
	r.write(hour(10), "{}\n{\"half")
	r.write("tenantId="+tenant+"/stray.json", "{}\n")
	if err := r.c.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked := func(hour float64) {
		t.Helper()
		if err := r.c.offsets.looked(t.Context(), container, time.Time{}, at(hour)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		looked, now float64
		want        string
	}{
		{8.5, 8.5, "w"},
		{9.9, 9.9, "ww"},
		{10, 10.5, "Cww"},
		{12, 12.5, "CCwww"},    // the file of 10 h ends inside a line
		{12.5, 14, "CCLwww"},   // and it is late
		{12.5, 16, "CCLLLwww"}, // nobody looked since
		{16, 16, "CCLCCCCw"},
	} {
		looked(c.looked)
		if got := r.letters(w, at(c.now)); got != c.want {
			t.Errorf("looked at %vh, now %vh: %s, want %s", c.looked, c.now, got, c.want)
		}
	}
	r.write(hour(10), "\"}\n")
	if err := r.c.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked(16)
	if got := r.letters(w, at(16)); got != "CCCCCCCw" {
		t.Errorf("%s after the line was whole", got)
	}
	calendars, err := Calendars(t.Context(), r.db, collect.Window{From: at(10), To: at(11)}, at(16))
	if err != nil {
		t.Fatal(err)
	}
	if h := calendars[0].Hours[0]; h.Listed != 1 || h.Journalled != 1 || h.Records != 2 || h.Bytes != 12 {
		t.Errorf("hour %+v, want a file of two lines and 12 bytes", h)
	}
}
