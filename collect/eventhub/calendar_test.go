package eventhub

import (
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
)

// calendarRig is a state without a hub, in which a test says what was read.
type calendarRig struct {
	t *testing.T
	*offsets
}

func at(hour float64) time.Time {
	return time.Date(2026, 9, 18, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
}

// journalled says that messages which the hub took at some hours were journalled.
func (r calendarRig) journalled(partition int32, now float64, gaps []gap, hours ...float64) {
	r.t.Helper()
	m := &mark{place: place{mail, partition}, next: 100, latest: at(hours[len(hours)-1]), payloads: 1, hours: map[time.Time]amount{}, gaps: gaps}
	for _, hour := range hours {
		m.hours[at(hour).Truncate(time.Hour)] = amount{messages: 3, bytes: 90}
	}
	if err := r.save(r.t.Context(), []*mark{m}, at(now)); err != nil {
		r.t.Fatal(err)
	}
}

// sawNothingLeft says of partitions that they were looked at; those above zero
// are read through.
func (r calendarRig) sawNothingLeft(now float64, partitions map[int32]bool) {
	r.t.Helper()
	held, current := map[place]int64{}, map[place]bool{}
	for partition, through := range partitions {
		held[place{mail, partition}], current[place{mail, partition}] = 100, through
	}
	if err := r.looked(r.t.Context(), held, current, at(now)); err != nil {
		r.t.Fatal(err)
	}
}

func (r calendarRig) letters(now float64) string {
	r.t.Helper()
	calendars, err := Calendars(r.t.Context(), r.db, collect.Window{From: at(0), To: at(24 * 40)}, at(now))
	if err != nil {
		r.t.Fatal(err)
	}
	if len(calendars) != 1 || calendars[0].Stream != (collect.Stream{Tenant: tenant, ContentType: "EmailEvents"}) || calendars[0].Name != "eventhub/contoso" {
		r.t.Fatalf("calendars %+v, want one of EmailEvents", calendars)
	}
	var b strings.Builder
	for _, h := range calendars[0].Hours {
		b.WriteByte(map[collect.HourState]byte{collect.HourComplete: 'C', collect.HourWaiting: 'w', collect.HourLate: 'L', collect.HourLost: 'X', collect.HourSilent: 's'}[h.State])
	}
	return b.String()
}

func newCalendarRig(t *testing.T) calendarRig {
	t.Helper()
	o, err := openOffsets(t.Context(), newState(t), "contoso", tenant)
	if err != nil {
		t.Fatal(err)
	}
	return calendarRig{t, o}
}

func TestAHubHasACalendar(t *testing.T) {
	r := newCalendarRig(t)
	r.journalled(0, 8.5, nil, 8.1)
	r.journalled(1, 8.5, nil, 8.2)
	for _, c := range []struct {
		looked, now float64
		through     map[int32]bool
		want        string
	}{
		{9.05, 9.2, map[int32]bool{0: true, 1: true}, "ww"},      // within the margin of two clocks
		{9.1, 9.2, map[int32]bool{0: true, 1: false}, "ww"},      // the other partition is behind
		{9.1, 9.2, map[int32]bool{0: true, 1: true}, "Cw"},       //
		{9.1, 12.5, map[int32]bool{0: true, 1: true}, "CLwww"},   // nobody looked since
		{12.5, 12.6, map[int32]bool{0: true, 1: false}, "CLwww"}, //
		{12.5, 12.6, map[int32]bool{0: true}, "CCCCw"},           // partition 1 is another member's
		{12.5, 12.6, map[int32]bool{0: true, 1: true}, "CCCCw"},
	} {
		r.sawNothingLeft(c.looked, c.through)
		if got := r.letters(c.now); got != c.want {
			t.Errorf("looked at %vh (%v), now %vh: %s, want %s", c.looked, c.through, c.now, got, c.want)
		}
	}
	r.journalled(0, 13, []gap{{from: 90, to: 95, after: at(9.5), before: at(11), reason: "5 messages were deleted"}}, 11.2)
	if got, want := r.letters(12.9), "CXXXw"; got != want {
		t.Errorf("with a gap from 9:30 to 11:00: %s, want %s", got, want)
	}
	calendars, err := Calendars(t.Context(), r.db, collect.Window{From: at(8), To: at(9)}, at(13))
	if err != nil || len(calendars[0].Hours) != 1 {
		t.Fatalf("%+v, %v", calendars, err)
	}
	if h := calendars[0].Hours[0]; h.Listed != 6 || h.Journalled != 6 || h.Bytes != 180 || h.Closed.IsZero() {
		t.Errorf("the hour is %+v", h)
	}
}

func TestAQuietHubIsSilentWhereItNeverWas(t *testing.T) {
	r := newCalendarRig(t)
	const week = 24 * 7
	for _, hour := range []float64{0, 7, 8, 9, week + 7, week + 8, week + 9, 2 * week, 2*week + 7, 2*week + 9} {
		r.journalled(0, hour, nil, hour)
	}
	r.sawNothingLeft(2*week+10, map[int32]bool{0: true})
	got := r.letters(2*week + 10)
	if want := "CCCCCCCCsw"; got[2*week:] != want || strings.Trim(got[:2*week], "C") != "" {
		t.Errorf("the last hours are %s, want %s", got[2*week:], want)
	}
}
