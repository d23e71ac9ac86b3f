package collect

import (
	"slices"
	"testing"
	"time"
)

// closeDays closes all hours of days from hour0's on, an hour after the last of them.
func closeDays(t *testing.T, l *Ledger, days int) (closed time.Time) {
	t.Helper()
	start := hour0.Truncate(day)
	closed = start.Add(time.Duration(days)*day + time.Hour)
	must(t, l.StartRequested(t.Context(), exchange, "", start)) // makes the stream's row
	_, err := l.db.ExecContext(t.Context(), `
		WITH RECURSIVE series(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM series WHERE value < ?4)
		INSERT INTO collect_hour (tenant, content_type, hour, closed, listed, expired, records, bytes, root)
		SELECT ?1, ?2, ?3 + value * 3600000000, ?5, 0, 0, 0, 0, zeroblob(32) FROM series`,
		exchange.Tenant, exchange.ContentType, micros(start), 24*days-1, micros(closed))
	must(t, err)
	return closed
}

// TestOneCertificateSpeaksForItsDayAlone: the certificate of one day says nothing
// of another that closed at the same time.
func TestOneCertificateSpeaksForItsDayAlone(t *testing.T) {
	l := openLedger(t)
	start := hour0.Truncate(day)
	closed := closeDays(t, l, 2)
	due := func() []time.Time {
		t.Helper()
		days, err := l.DaysToCertify(t.Context(), exchange, start)
		must(t, err)
		return days
	}
	certify := func(at time.Time) {
		t.Helper()
		_, err := l.Certify(t.Context(), &DayStatement{Stream: exchange, Day: at}, closed.Add(time.Minute), func(Issued) ([]byte, error) { return []byte("signed"), nil })
		must(t, err)
	}
	first, second := start, start.Add(day)
	if got := due(); !slices.Equal(got, []time.Time{first, second}) {
		t.Fatalf("days to certify are %v, want both", got)
	}
	certify(first)
	if got := due(); !slices.Equal(got, []time.Time{second}) {
		t.Errorf("days to certify are %v once the first has its certificate, want the second", got)
	}
	certify(second)
	if got := due(); len(got) != 0 {
		t.Errorf("days to certify are %v once both have one", got)
	}
}
