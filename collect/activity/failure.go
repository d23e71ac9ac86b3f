package activity

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quoll/quoll/collect"
)

const (
	// maxMessage bounds how much of a server's words is kept, in bytes.
	maxMessage = 300
	// longestWait bounds what a server can ask for.
	longestWait = time.Hour
)

// failure is a request that did not give what was asked for.
type failure struct {
	operation string // "list content"
	status    int    // HTTP; 0 when no answer came
	code      string // Microsoft's, or one of the package's; may be empty
	message   string // the server's words, bounded and on one line
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
	if f.code != "" && !strings.HasPrefix(f.message, f.code) {
		b.WriteString(": " + f.code)
	}
	if f.message != "" {
		b.WriteString(": " + f.message)
	}
	if f.cause != nil {
		b.WriteString(": " + f.cause.Error())
	}
	return b.String()
}

func (f *failure) Unwrap() error { return f.cause }

// behaviourOf returns what to do about any error of this package; what is not
// a failure (a ledger that cannot write) is tried again.
func behaviourOf(err error) behaviour {
	var f *failure
	if errors.As(err, &f) {
		return f.does
	}
	return retry
}

// neverLeft reports whether it is certain that a request of an operation did not
// reach the server: there was no token to send with it, or no connection. What
// broke off later may have arrived.
func neverLeft(err error, operation string) bool {
	var f *failure
	if !errors.As(err, &f) || f.status != 0 && f.operation == operation {
		return false
	}
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case f.operation != operation: // that of the token
		return true
	case errors.As(err, &network):
		return network.Op == "dial" || network.Op == "proxyconnect"
	}
	return errors.As(err, &certificate)
}

// isAPIs reports whether an answer that is no success is the API's own.
func (f *failure) isAPIs() bool {
	return f.code == codeAuditOff || strings.HasPrefix(f.code, "AF")
}

// waitAsked returns the wait that the server asked for with the error.
func waitAsked(err error) time.Duration {
	var f *failure
	if errors.As(err, &f) {
		return f.after
	}
	return 0
}

// problem puts an error into words.
func problem(err error, now time.Time) *collect.Problem {
	p := &collect.Problem{Time: now, Cause: "The request failed.", Remedy: theirFault, Detail: err.Error()}
	var f *failure
	if !errors.As(err, &f) {
		p.Cause, p.Remedy = "Quoll could not store what it collected.", "Check the disk of this machine: is it full, or not writable?"
		return p
	}
	p.Code = f.code
	switch e, ok := explain(f.code); {
	case ok:
		p.Cause, p.Remedy = e.Cause, e.Remedy
	case f.status == 0:
		p.Cause = "The server cannot be reached."
		p.Remedy = "Check the network, the name resolution and the proxy of this machine. quoll check says which of them it is."
	case f.status >= 500:
		p.Cause, p.Remedy = "The server has an internal error.", theirFault
	default:
		p.Cause = "The server refuses the request."
		p.Remedy = "If it lasts, check cloud and base_url in Quoll's configuration, and look for a proxy between this machine and Microsoft that blocks."
	}
	return p
}

// answered turns an answer that is not a success into a failure. The code in
// the body counts more than the HTTP status: throttling has been seen under
// 403, argument errors come under 400.
func answered(operation string, response *http.Response, body []byte, now time.Time) *failure {
	f := &failure{operation: operation, status: response.StatusCode, after: collect.RetryAfter(response.Header, now, longestWait)}
	f.code, f.message = errorBody(body)
	// Nobody says under which code this comes; the words are Microsoft's.
	if strings.Contains(f.message, "Compliance.Audit.DataServiceException") && strings.Contains(f.message, "does not exist") {
		f.code = codeAuditOff
	}
	if e, ok := explain(f.code); ok {
		f.does = e.does
		return f
	}
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		f.does = unauthorised
	case response.StatusCode == http.StatusTooManyRequests:
		f.does = throttled
	case response.StatusCode == http.StatusNoContent:
		f.code = codeEmpty
	}
	if f.code == "" && (f.does == unauthorised || f.does == throttled) {
		f.code = strconv.Itoa(response.StatusCode)
	}
	return f
}

// errorBody reads {"error":{"code","message"}}, tolerating the single quotes
// that have been seen, HTML and anything else.
func errorBody(body []byte) (code, message string) {
	var parsed struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &parsed) == nil && parsed.Error.Code != "" {
		return oneLine(parsed.Error.Code), oneLine(parsed.Error.Message)
	}
	text := string(body[:min(len(body), 8<<10)])
	return codeIn(text), oneLine(text)
}

// looseCode finds the code where the body is almost JSON. It asks for the word
// "code" before it: a page that merely mentions AF20051 must not make anyone
// give up a blob.
var looseCode = regexp.MustCompile(`(?i)['"]?code['"]?\s*:\s*['"]?(AF[0-9]{3,5})\b`)

func codeIn(text string) string {
	match := looseCode.FindStringSubmatch(text)
	if match == nil {
		return ""
	}
	return strings.ToUpper(match[1])
}

// oneLine bounds a server's words and takes everything out of them that could
// disturb a log or a terminal.
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
