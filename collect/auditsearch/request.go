package auditsearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/collect"
)

// Request is what to search for.
type Request struct {
	// From and To bound CreationTime, half-open, in whole seconds of UTC.
	From, To time.Time
	// RecordTypes are names of AuditLogRecordType; empty takes all. Operations
	// likewise. Graph compares neither with regard to letter case in answers and
	// requests, where it differs itself.
	RecordTypes, Operations []string
}

// ErrRange says that a range of time cannot be searched.
var ErrRange = errors.New("that range cannot be searched")

// Check reports why the request cannot be made at now; the error wraps ErrRange.
func (r *Request) Check(cfg Config, now time.Time) error {
	r.From, r.To = r.From.UTC().Truncate(time.Second), r.To.UTC().Truncate(time.Second)
	oldest := now.Add(-cfg.Retention)
	const layout = "2006-01-02 15:04:05Z07:00"
	switch {
	case !r.From.Before(r.To):
		return fmt.Errorf("%w: it ends at %s, which is not after its start at %s", ErrRange, r.To.Format(layout), r.From.Format(layout))
	case r.To.After(now):
		return fmt.Errorf("%w: it ends at %s, which is still to come", ErrRange, r.To.Format(layout))
	case r.From.Before(oldest):
		return fmt.Errorf("%w: it starts at %s, but the tenant keeps audit records for %d days, back to %s; start there, or, if the tenant keeps them for longer (Audit Premium, retention policies), say so with audit_search.retention_days in the configuration",
			ErrRange, r.From.Format(layout), int(cfg.Retention.Hours()/24), oldest.Add(time.Second-1).Truncate(time.Second).Format(layout))
	}
	return nil
}

// filter is what is asked for besides the time, in one spelling.
func (r *Request) filter() string {
	types, operations := spelled(r.RecordTypes), slices.Clone(r.Operations)
	slices.Sort(types)
	slices.Sort(operations)
	text, err := json.Marshal([2][]string{slices.Compact(types), slices.Compact(operations)})
	if err != nil { // strings can always be written
		return ""
	}
	return string(text)
}

// spelled gives names of record types the small first letter of Graph's
// requests; its answers have a capital one.
func spelled(names []string) []string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		first, size := utf8.DecodeRuneInString(name)
		second, _ := utf8.DecodeRuneInString(name[size:])
		if unicode.IsUpper(first) && !unicode.IsUpper(second) {
			name = string(unicode.ToLower(first)) + name[size:]
		}
		out = append(out, name)
	}
	return out
}

// remainder cuts what of [from, to) the known windows leave out into windows
// that end at multiples of span. known is sorted and does not overlap.
func remainder(from, to time.Time, known []collect.Window, span time.Duration) []collect.Window {
	var out []collect.Window
	add := func(from, to time.Time) {
		for from.Before(to) {
			end := from.Truncate(span).Add(span)
			if end.After(to) {
				end = to
			}
			out = append(out, collect.Window{From: from, To: end})
			from = end
		}
	}
	for _, w := range known {
		if !w.To.After(from) {
			continue
		}
		if !w.From.Before(to) {
			break
		}
		add(from, earlier(w.From, to))
		from = w.To
	}
	add(from, to)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// halves cuts a window in two at a whole second; ok is false when it is too
// short for that.
func halves(w collect.Window, least time.Duration) (a, b collect.Window, ok bool) {
	half := (w.To.Sub(w.From) / 2).Truncate(time.Second)
	if half < least {
		return w, w, false
	}
	middle := w.From.Add(half)
	return collect.Window{From: w.From, To: middle}, collect.Window{From: middle, To: w.To}, true
}
