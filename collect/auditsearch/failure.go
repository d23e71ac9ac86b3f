package auditsearch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/collect"
)

// behaviour is what a search does about an error.
type behaviour int

const (
	retry        behaviour = iota // try again later
	throttled                     // slow down, then try again
	unauthorised                  // get a new token, then try again
	gone                          // the query or the page is no longer there
	broken                        // the page is not whole, and may never be
	blocked                       // a person has to act; the search ends
)

// failure is a request that did not give what was asked for.
type failure struct {
	operation string
	status    int    // HTTP; 0 when no answer came
	code      string // Graph's
	message   string // the server's words, bounded and on one line
	remedy    string
	after     time.Duration
	does      behaviour
	cause     error
}

func (f *failure) Error() string {
	var b strings.Builder
	b.WriteString(f.operation)
	if f.status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", f.status)
	}
	for _, part := range []string{f.code, f.message} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if f.cause != nil {
		b.WriteString(": " + f.cause.Error())
	}
	if f.remedy != "" {
		b.WriteString("\n" + f.remedy)
	}
	return b.String()
}

func (f *failure) Unwrap() error { return f.cause }

func behaviourOf(err error) behaviour {
	var f *failure
	if errors.As(err, &f) {
		return f.does
	}
	return retry
}

func waitAsked(err error) time.Duration {
	var f *failure
	if errors.As(err, &f) {
		return f.after
	}
	return 0
}

// ErrBlocked is wrapped by errors that a person has to mend before a search
// can go on.
var ErrBlocked = errors.New("the search cannot go on")

// Problem puts an error of a search into words.
func Problem(err error, now time.Time) *collect.Problem {
	if err == nil {
		return nil
	}
	p := &collect.Problem{Time: now, Cause: "The search of the audit log failed.", Detail: err.Error(),
		Remedy: "Nothing to do if it passes: what was read is kept, and the search can be repeated."}
	var f *failure
	if errors.As(err, &f) {
		p.Code = f.code
		if f.remedy != "" {
			p.Remedy = f.remedy
		}
	}
	return p
}

const (
	permissions = "In the Microsoft Entra admin center open App registrations, the application, API permissions; add the application permission AuditLogsQuery.Read.All of \"Microsoft Graph\" (or AuditLogsQuery-Exchange.Read.All and its like for single services) and grant admin consent."
	useBeta     = "Some tenants are only served by Graph's beta: set audit_search.api_version to beta in the configuration."
	otherCloud  = "Microsoft offers the search of the audit log in the commercial cloud and GCC only."
)

// answered turns an answer that is not a success into a failure.
func answered(operation string, response *http.Response, body []byte, now time.Time) *failure {
	f := &failure{operation: operation, status: response.StatusCode, after: retryAfter(response.Header, now)}
	f.code, f.message = errorBody(body)
	switch response.StatusCode {
	case http.StatusUnauthorized:
		f.does = unauthorised
	case http.StatusForbidden:
		f.does, f.remedy = blocked, permissions
	case http.StatusTooManyRequests:
		f.does = throttled
	case http.StatusNotFound, http.StatusGone:
		f.does = gone
		if operation == opSubmit {
			f.does, f.remedy = blocked, useBeta+" "+otherCloud
		}
	case http.StatusBadRequest:
		// A link to a page that is no longer valid is answered like this; a query
		// that Graph does not accept will not be accepted later either.
		f.does = gone
		if operation == opSubmit {
			f.does = blocked
			f.remedy = "Graph does not accept the query: check the names given as record types and operations."
		}
	case http.StatusServiceUnavailable:
		if f.after > 0 {
			f.does = throttled
		}
	}
	return f
}

// errorBody reads {"error":{"code","message"}}, and takes anything else as it
// is.
func errorBody(body []byte) (code, message string) {
	var parsed struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(body, &parsed) == nil && parsed.Error.Code+parsed.Error.Message != "" {
		return oneLine(parsed.Error.Code), oneLine(parsed.Error.Message)
	}
	return "", oneLine(string(body[:min(len(body), 4<<10)]))
}

// maxMessage bounds how much of a server's words is kept, in bytes.
const maxMessage = 300

// oneLine bounds a server's words and takes out of them what could disturb a log
// or a terminal.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// longestWait bounds what a server can ask for: the quota of queries counts a
// day.
const longestWait = 24 * time.Hour

func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}
