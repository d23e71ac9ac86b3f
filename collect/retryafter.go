package collect

import (
	"net/http"
	"strconv"
	"time"
)

// RetryAfter reads how long a server asks to wait, from 0 up to most. A date
// counts from the Date that the same server gave with it: by a machine's own
// clock that is an hour slow, two seconds would be an hour, in which content
// expires.
func RetryAfter(header http.Header, now time.Time, most time.Duration) time.Duration {
	text := header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		if answered, err := http.ParseTime(header.Get("Date")); err == nil {
			now = answered
		}
		wait = at.Sub(now)
	}
	return min(max(wait, 0), most)
}
