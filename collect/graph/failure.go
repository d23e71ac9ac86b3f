package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/collect"
)

// Failure is a request that did not give what was asked for.
type Failure struct {
	Operation string
	Status    int    // HTTP; 0 when no answer came
	Code      string // Graph's, or Entra's
	Message   string // the server's words, bounded and on one line
	After     time.Duration
	Cause     error
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(f.Operation)
	if f.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", f.Status)
	}
	for _, part := range []string{f.Code, f.Message} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if f.Cause != nil {
		b.WriteString(": " + f.Cause.Error())
	}
	return b.String()
}

func (f *Failure) Unwrap() error { return f.Cause }

// StatusOf returns the HTTP status of a failure, 0 when there is none.
func StatusOf(err error) int {
	var f *Failure
	if errors.As(err, &f) {
		return f.Status
	}
	return 0
}

// CodeOf returns the code of a failure, or nothing.
func CodeOf(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// WaitAsked returns the wait that the server asked for with a failure.
func WaitAsked(err error) time.Duration {
	var f *Failure
	if errors.As(err, &f) {
		return f.After
	}
	return 0
}

// Throttled reports whether the server asks for fewer requests.
func Throttled(err error) bool {
	status := StatusOf(err)
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable && WaitAsked(err) > 0
}

// Passing reports whether a failure is of the kind that passes by itself: of the
// network, or of the server.
func Passing(err error) bool {
	if errors.Is(err, ErrForeignHost) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrCredential) {
		return false
	}
	status := StatusOf(err)
	return status == 0 || status >= 500 || status == http.StatusRequestTimeout || Throttled(err)
}

// answered turns an answer that is not a success into a failure.
func answered(operation string, response *http.Response, body []byte, now time.Time) *Failure {
	f := &Failure{Operation: operation, Status: response.StatusCode, After: collect.RetryAfter(response.Header, now, longestWait)}
	f.Code, f.Message = ErrorBody(body)
	return f
}

// ErrorBody reads {"error":{"code","message"}}, and takes anything else as it
// is.
func ErrorBody(body []byte) (code, message string) {
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

// longestWait bounds what a server can ask for: quotas count a day at most.
const longestWait = 24 * time.Hour
