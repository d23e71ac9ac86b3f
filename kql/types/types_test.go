package types_test

import (
	"math"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/types"
)

func TestEveryNameParsesBack(t *testing.T) {
	for _, typ := range types.All() {
		if got, ok := types.ParseType(typ.String()); !ok || got != typ {
			t.Errorf("ParseType(%q) = %v, %v", typ.String(), got, ok)
		}
	}
	for spelling, want := range map[string]types.Type{
		"boolean": types.Bool, "double": types.Real, "date": types.DateTime, "time": types.TimeSpan, "uuid": types.Guid,
	} {
		if got, ok := types.ParseType(spelling); !ok || got != want {
			t.Errorf("ParseType(%q) = %v, %v", spelling, got, ok)
		}
	}
	if _, ok := types.ParseType("varchar"); ok {
		t.Error("varchar is no type of KQL")
	}
}

func TestCommon(t *testing.T) {
	for _, c := range []struct {
		a, b, want types.Type
		ok         bool
	}{
		{types.Int, types.Long, types.Long, true},
		{types.Long, types.Real, types.Real, true},
		{types.Real, types.Decimal, types.Decimal, true},
		{types.String, types.String, types.String, true},
		{types.Unknown, types.Guid, types.Guid, true},
		{types.String, types.Long, types.Unknown, false},
		{types.DateTime, types.TimeSpan, types.Unknown, false},
	} {
		for _, pair := range [][2]types.Type{{c.a, c.b}, {c.b, c.a}} {
			if got, ok := types.Common(pair[0], pair[1]); got != c.want || ok != c.ok {
				t.Errorf("Common(%v, %v) = %v, %v; want %v, %v", pair[0], pair[1], got, ok, c.want, c.ok)
			}
		}
	}
}

func TestTimeSpanText(t *testing.T) {
	for _, c := range []struct {
		ticks types.Ticks
		want  string
	}{
		{0, "00:00:00"},
		{types.TicksPerDay + 2*types.TicksPerHour + 3*types.TicksPerMinute + 4*types.TicksPerSecond + 5_000_000, "1.02:03:04.5000000"},
		{-types.TicksPerMinute, "-00:01:00"},
		{1, "00:00:00.0000001"},
		{math.MinInt64, "-10675199.02:48:05.4775808"},
	} {
		if got := c.ticks.String(); got != c.want {
			t.Errorf("%d ticks print as %q, want %q", c.ticks, got, c.want)
		}
	}
}

func TestParseTimeSpan(t *testing.T) {
	for text, want := range map[string]types.Ticks{
		"1d": types.TicksPerDay, "1.5h": 90 * types.TicksPerMinute, "15 seconds": 15 * types.TicksPerSecond, "2": 2 * types.TicksPerDay,
		"0:0:8.4": 84_000_000, "0.12:34:56.7": 452_967_000_000, "-01:00": -types.TicksPerHour, "1tick": 1, "5ms": 50_000, "1microsecond": 10,
		"3.00:00:00": 3 * types.TicksPerDay, "500nanoseconds": 5,
	} {
		if got, ok := types.ParseTimeSpan(text); !ok || got != want {
			t.Errorf("ParseTimeSpan(%q) = %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "1parsec", "24:00", "1:60", "1:2:3:4", "99999999999999d", "1.2.3d", "--1d", "+1:00"} {
		if got, ok := types.ParseTimeSpan(text); ok {
			t.Errorf("ParseTimeSpan(%q) = %v, want none", text, got)
		}
	}
}

func TestParseDateTime(t *testing.T) {
	at := func(nanos int, clock ...int) time.Time {
		full := [6]int{1, 1, 1, 0, 0, 0}
		copy(full[:], clock)
		return time.Date(full[0], time.Month(full[1]), full[2], full[3], full[4], full[5], nanos, time.UTC)
	}
	for text, want := range map[string]time.Time{
		"2014":                           at(0, 2014),
		"2014-11":                        at(0, 2014, 11),
		"2014-11-08":                     at(0, 2014, 11, 8),
		"20141108":                       at(0, 2014, 11, 8),
		"2014-11-08 15:55":               at(0, 2014, 11, 8, 15, 55),
		"2014-11-08T15:55:55.123456789Z": at(123_456_700, 2014, 11, 8, 15, 55, 55),
		"2014-11-08T15:55:55+02:00":      at(0, 2014, 11, 8, 13, 55, 55),
		"2014-11-08 15:55:55 -0130":      at(0, 2014, 11, 8, 17, 25, 55),
		"Sat, 8 Nov 14 15:05:02 GMT":     at(0, 2014, 11, 8, 15, 5, 2),
		"8 Nov 14 15:05":                 at(0, 2014, 11, 8, 15, 5),
		"Saturday, 08-Nov-14 15:05:02":   at(0, 2014, 11, 8, 15, 5, 2),
		"11/8/2014 3:05:02 PM":           at(0, 2014, 11, 8, 15, 5, 2),
	} {
		if got, ok := types.ParseDateTime(text); !ok || !got.Equal(want) {
			t.Errorf("ParseDateTime(%q) = %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "now", "2014-13-01", "2014-02-30", "2014-11-08T25:00", "2014-11-08T10:00:00 Mars", "0000-01-01", "99999-01-01"} {
		if got, ok := types.ParseDateTime(text); ok {
			t.Errorf("ParseDateTime(%q) = %v, want none", text, got)
		}
	}
	if got := types.FormatDateTime(at(1_000_000, 2026, 9, 14, 8, 22, 33)); got != "2026-09-14T08:22:33.0010000Z" {
		t.Errorf("FormatDateTime gives %s", got)
	}
}

func FuzzTextForms(f *testing.F) {
	for _, s := range []string{"1.02:03:04.5", "2014-11-08T15:55:55.1+02:00", "15 seconds", "9999-12-31T23:59:59.9999999-14:00", "-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ticks, ok := types.ParseTimeSpan(s); ok {
			if back, ok := types.ParseTimeSpan(ticks.String()); !ok || back != ticks {
				t.Errorf("%q reads as %v, which reads back as %v, %v", s, ticks, back, ok)
			}
		}
		if at, ok := types.ParseDateTime(s); ok {
			text := types.FormatDateTime(at)
			if back, ok := types.ParseDateTime(text); !ok || !back.Equal(at) {
				t.Errorf("%q reads as %s, which reads back as %v, %v", s, text, back, ok)
			}
		}
	})
}
