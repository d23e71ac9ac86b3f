package collect

import "time"

// Window is a half-open span of time: From is inside, To is not.
type Window struct{ From, To time.Time }

// Windows cuts [from, to) into windows of at most span, the oldest first, laid
// end to end so that nothing falls between two and nothing is in both. It is
// empty when from does not lie before to.
func Windows(from, to time.Time, span time.Duration) []Window {
	var windows []Window
	for from.Before(to) {
		end := from.Add(span)
		if end.After(to) {
			end = to
		}
		windows = append(windows, Window{from, end})
		from = end
	}
	return windows
}
