package activity

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/quoll/quoll/collect/entra"
)

// tokens gets access tokens for the API of one tenant.
type tokens struct {
	*entra.Tokens
	resource string
}

// token returns a token that is valid for at least some minutes.
func (t *tokens) token(ctx context.Context) (string, error) {
	token, err := t.Token(ctx, t.resource)
	if err == nil {
		return token, nil
	}
	var refused *entra.Failure
	if !errors.As(err, &refused) {
		return "", err
	}
	return "", tokenFailure(refused)
}

// refuse says that the API did not accept the token, so that the next one is
// another.
func (t *tokens) refuse(ctx context.Context, token string) { t.Refuse(ctx, t.resource, token) }

// lackedPermission gives a token up that the API refuses for want of the
// permission, so that a grant is taken up within minutes: what a token permits is
// written into it, and it lives for an hour and more.
func (c *client) lackedPermission(ctx context.Context, err error, token string) {
	var f *failure
	if !errors.As(err, &f) || f.code != codePermission {
		return
	}
	last, now := c.grants.Load(), c.clock.Now().Unix()
	if abs(now-last) >= int64(pausePolicy.Max.Seconds()) && c.grants.CompareAndSwap(last, now) {
		c.tokens.refuse(ctx, token)
	}
}

func abs(n int64) int64 { return max(n, -n) }

func tokenFailure(refused *entra.Failure) *failure {
	f := &failure{operation: "get token", status: refused.Status, code: refused.Code, message: refused.Message, cause: refused.Cause, does: retry}
	if e, ok := explain(f.code); ok {
		f.does = e.does
	} else if f.status == http.StatusBadRequest || f.status == http.StatusUnauthorized {
		f.does = blocked
	}
	return f
}

// redact takes a token, what it was got with and the webhook's auth id out of
// text that came from outside, should the other side have echoed one.
func (c *client) redact(text, token string) string {
	secrets := []string{token}
	if c.cfg.Webhook != nil {
		secrets = append(secrets, c.cfg.Webhook.AuthID.Reveal())
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return c.tokens.Redact(text)
}
