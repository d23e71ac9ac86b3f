package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// instant reads a time that a flag gives: a date or a time of UTC, a time with
// its zone, or how long before now ("30d", "36h"). Nothing is the zero time.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n >= 0 && n < 100_000 {
			return now.UTC().Add(-time.Duration(n * float64(24*time.Hour))), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.UTC().Add(-ago), nil
	}
	return time.Time{}, usageError(fmt.Errorf("%s %q is no time; write it as 2026-09-01, 2026-09-01T12:00:00Z, or 30d for how long ago", flag, text))
}
