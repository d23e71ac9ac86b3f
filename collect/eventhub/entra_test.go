package eventhub

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/simulate/directory"
)

// bearer makes the namespace take access tokens of Entra, which kfake cannot by
// itself. It refuses the first one, as when a namespace has just learnt of a role.
func (n *namespace) bearer(tokens *atomic.Pointer[[]string]) {
	n.cluster.ControlKey(int16(kmsg.SASLHandshake), func(request kmsg.Request) (kmsg.Response, error, bool) {
		n.cluster.KeepControl()
		response := request.ResponseKind().(*kmsg.SASLHandshakeResponse)
		if m := request.(*kmsg.SASLHandshakeRequest).Mechanism; m != "OAUTHBEARER" {
			response.ErrorCode = kerr.UnsupportedSaslMechanism.Code
		}
		return response, nil, true
	})
	n.cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(request kmsg.Request) (kmsg.Response, error, bool) {
		n.cluster.KeepControl()
		response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		_, token, _ := strings.Cut(string(request.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes), "auth=Bearer ")
		token, _, _ = strings.Cut(token, "\x01")
		seen := append([]string{}, *tokens.Load()...)
		seen = append(seen, token)
		tokens.Store(&seen)
		if token == "" || token == seen[0] {
			response.ErrorCode = kerr.SaslAuthenticationFailed.Code
		}
		return response, nil, true
	})
}

// TestSignsInWithTokensOfEntra has the real token endpoint's protocol, and a
// namespace that refuses the first token: another must be asked for.
func TestSignsInWithTokensOfEntra(t *testing.T) {
	t.Parallel()
	n := newNamespaceThat(t, 1) // its own sign-in is below
	n.publish(mail, 0, "a")
	var tokens atomic.Pointer[[]string]
	tokens.Store(&[]string{})
	n.bearer(&tokens)
	cfg := n.config()
	cfg.ConnectionString, cfg.Namespace = collect.Secret{}, "contoso.servicebus.windows.net"
	cfg.Application, cfg.CAFile = directory.Start(t, n.ca)
	sink := newSink()
	m := start(t, cfg, Dependencies{DB: newState(t), Sink: sink})
	sink.await(t, 1)
	seen := *tokens.Load()
	if len(seen) < 2 || seen[0] == "" || seen[len(seen)-1] == seen[0] {
		t.Errorf("signed in with %q, want another token after the refusal", seen)
	}
	await(t, "the trouble is over", func() bool { return m.Status().Health == collect.HealthRunning })
}
