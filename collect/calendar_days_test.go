package collect

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

const year = 365 * day

// fillYear closes a year of hours of a stream, all plain but every 997th.
func fillYear(t *testing.T, l *Ledger, s Stream) {
	t.Helper()
	_, err := l.db.ExecContext(t.Context(), `
		INSERT INTO collect_stream (tenant, content_type, listed_from, listed_through, settled_through, closed_through) VALUES (?1, ?2, ?3, ?4, ?4, ?4)`,
		s.Tenant, s.ContentType, micros(hour0), micros(hour0.Add(year)))
	must(t, err)
	_, err = l.db.ExecContext(t.Context(), `
		WITH RECURSIVE series(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM series WHERE value < ?4)
		INSERT INTO collect_hour (tenant, content_type, hour, closed, listed, expired, records, bytes, root)
		SELECT ?1, ?2, ?3 + value * 3600000000, ?3 + value * 3600000000, value % 50, value % 997 = 0, value, value, randomblob(32) FROM series`,
		s.Tenant, s.ContentType, micros(hour0), int64(year/time.Hour)-1)
	must(t, err)
}

// TestYearsOfCalendarAreQuick reads a year of ten tenants with five content
// types each; of one tenant with one with -short.
func TestYearsOfCalendarAreQuick(t *testing.T) {
	l := openLedger(t)
	tenants, contentTypes := 10, []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"}
	if testing.Short() {
		tenants, contentTypes = 1, contentTypes[:1]
	}
	var streams []Stream
	for tenant := range tenants {
		for _, contentType := range contentTypes {
			s := Stream{fmt.Sprintf("11111111-2222-3333-4444-%012d", tenant), contentType}
			streams = append(streams, s)
			fillYear(t, l, s)
		}
	}
	end := hour0.Add(year)
	started, hours := time.Now(), 0
	for _, s := range streams {
		_, days, err := l.CalendarDays(t.Context(), s, Window{hour0, end}, end)
		must(t, err)
		for _, d := range days {
			hours += d.Hours[HourComplete] + d.Hours[HourLost]
		}
	}
	byDay := time.Since(started)
	if want := len(streams) * int(year/time.Hour); hours != want {
		t.Errorf("%d hours, want %d", hours, want)
	}
	if byDay > time.Duration(len(streams))*time.Second { // far above what it takes, and what would be of no use
		t.Errorf("%d years of days took %v", len(streams), byDay)
	}
	started = time.Now()
	_, err := l.Calendar(t.Context(), streams[0], Window{hour0, end}, end)
	must(t, err)
	t.Logf("%d years by day in %v, one by hour in %v", len(streams), byDay, time.Since(started))
}

// TestDaysAreTheirHours compares what the database adds up with the hours.
func TestDaysAreTheirHours(t *testing.T) {
	l := openLedger(t)
	fillYear(t, l, exchange)
	must(t, l.RecordGap(t.Context(), Gap{Stream: exchange, From: hour0.Add(90 * day), To: hour0.Add(90*day + 30*time.Minute), Recorded: hour0, Reason: "away"}))
	for _, look := range []struct {
		status string
		day    time.Duration
	}{{SubscriptionEnabled, 0}, {SubscriptionEnabled, 200}, {SubscriptionDisabled, 201}, {SubscriptionEnabled, 202}, {SubscriptionEnabled, 366}} {
		must(t, l.SubscriptionStatus(t.Context(), exchange, look.status, hour0.Add(look.day*day)))
	}
	now := hour0.Add(year + 30*time.Hour)
	_, err := l.Listed(t.Context(), exchange, now, []Listing{listing("late", hour0.Add(20*day)), listing("new", hour0.Add(year+time.Hour))})
	must(t, err)
	w := Window{hour0.Add(-day), now}
	c, err := l.Calendar(t.Context(), exchange, w, now)
	must(t, err)
	since, days, err := l.CalendarDays(t.Context(), exchange, w, now)
	must(t, err)
	want := Days(c.Hours)
	if !since.Equal(hour0) || len(days) != len(want) || len(days) < 366 {
		t.Fatalf("%d days since %v, want %d since %v", len(days), since, len(want), hour0)
	}
	count := map[HourState]int{}
	for i := range want {
		if !reflect.DeepEqual(days[i], want[i]) {
			t.Fatalf("day %d is\n%+v, want\n%+v", i, days[i], want[i])
		}
		count[days[i].State()]++
	}
	// A blob in every 997 is lost, and half an hour; two days are off.
	if count[HourLost] != 10 || count[HourOff] != 3 || count[HourLate] == 0 || count[HourComplete] < 340 {
		t.Errorf("days by state %v", count)
	}
}
