package eventhub

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
)

// maxDetail bounds how much of an error is shown, in bytes.
const maxDetail = 600

const (
	codeSignIn   = "sign-in-refused"
	signInRemedy = "Was the key regenerated, the policy removed, or is it without the right Listen? Put the new connection string into its file; it is read without a restart. For an application: is the namespace in the same tenant?"
)

// explain turns an error into words, and says whether a person has to act.
func explain(err error, now time.Time) (p *collect.Problem, blocked bool) {
	p = &collect.Problem{Time: now.UTC(), Cause: "Reading the event hubs failed.", Remedy: "It is tried again. If it stays, look at the detail."}
	set := func(code, cause, remedy string, forPerson bool) (*collect.Problem, bool) {
		p.Code, p.Cause, p.Remedy = code, cause, remedy
		return p, forPerson
	}
	var refused *entra.Failure
	var network net.Error
	var eof *kgo.ErrFirstReadEOF
	switch {
	case errors.Is(err, errStorage):
		return set("", "Quoll could not store what it collected.", "Check the disk of this machine: is it full, or not writable?", true)
	case errors.As(err, &refused):
		return set(refused.Code, "Microsoft Entra gave no token for the namespace.", "Check client id and credential of the application; docs/connector-errors.md explains the code.", refused.Status == 400 || refused.Status == 401)
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.UnsupportedSaslMechanism):
		return set(codeSignIn, "The namespace refused the sign-in.", signInRemedy, true)
	case errors.As(err, &eof), errors.Is(err, io.EOF):
		return set(codeSignIn, "The namespace ended the connection while we signed in.", signInRemedy, false)
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return set("not-authorised", "The namespace does not let us read the hub.", "Give the application the role Azure Event Hubs Data Receiver on the namespace or the hub, or take a policy with the right Listen.", true)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return set("no-such-hub", "The namespace has no event hub of that name.", "Check the names in hubs. Defender makes its hubs with the first events, up to an hour after the streaming was turned on.", true)
	case errors.As(err, &network), isDial(err):
		return set("unreachable", "The namespace cannot be reached.", "Is its name right, does the network let port 9093 out, and does the tier speak Kafka (Standard, Premium or Dedicated)?", false)
	}
	return p, false
}

func isDial(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial)
}

// redact takes what the session signed in with out of text from outside, and
// bounds it.
func (c *Collector) redact(text string) string {
	c.mu.Lock()
	hidden := c.hidden
	c.mu.Unlock()
	for _, secret := range hidden {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	if c.tokens != nil {
		text = c.tokens.Redact(text)
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}

// remember keeps what must not be seen in any error: a connection string and its
// key, or a token.
func (c *Collector) remember(secret string) {
	_, key, _ := strings.Cut(secret, "SharedAccessKey=")
	key, _, _ = strings.Cut(key, ";")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hidden = []string{secret, key}
}
