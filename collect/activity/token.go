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
