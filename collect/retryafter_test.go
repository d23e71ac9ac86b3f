package collect

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	const hourAhead = "Mon, 14 Sep 2026 09:00:00 GMT" // the server's clock
	for _, test := range []struct {
		text, date string
		want       time.Duration
	}{
		{"", "", 0}, {"30", "", 30 * time.Second}, {"-5", "", 0}, {"soon", "", 0}, {"999999", "", time.Hour},
		{"Mon, 14 Sep 2026 08:02:00 GMT", "", 2 * time.Minute}, {"Mon, 14 Sep 2026 07:00:00 GMT", "", 0},
		{"30", hourAhead, 30 * time.Second}, {"Mon, 14 Sep 2026 09:00:02 GMT", hourAhead, 2 * time.Second},
		{"Mon, 14 Sep 2026 08:30:00 GMT", hourAhead, 0}, {"Mon, 14 Sep 2026 08:02:00 GMT", "no date", 2 * time.Minute},
	} {
		if got := RetryAfter(http.Header{"Retry-After": {test.text}, "Date": {test.date}}, now, time.Hour); got != test.want {
			t.Errorf("%q answered at %q is %v, want %v", test.text, test.date, got, test.want)
		}
	}
}
