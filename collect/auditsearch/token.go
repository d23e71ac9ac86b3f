package auditsearch

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/quoll/quoll/collect/entra"
)

// EntraTokens are the tokens of an application for one resource.
type EntraTokens struct {
	Tokens *entra.Tokens
	// Resource is the host that tokens are asked for ("https://graph.microsoft.com").
	Resource string
}

var _ Tokens = (*EntraTokens)(nil)

// Token implements Tokens.
func (t *EntraTokens) Token(ctx context.Context) (string, error) {
	token, err := t.Tokens.Token(ctx, t.Resource)
	var refused *entra.Failure
	if !errors.As(err, &refused) {
		return token, err
	}
	f := &failure{operation: "get token", status: refused.Status, code: refused.Code, message: refused.Message, cause: refused.Cause}
	own := refused.Code == entra.CodeExpired || refused.Code == entra.CodeUnreadable
	if own || strings.HasPrefix(refused.Code, "AADSTS") && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnauthorized) {
		f.does = blocked
		f.remedy = "Check tenant, client id and credential of the application in the configuration; docs/connector-errors.md has the codes."
	}
	return "", f
}

// Refuse implements Tokens.
func (t *EntraTokens) Refuse(ctx context.Context, token string) {
	t.Tokens.Refuse(ctx, t.Resource, token)
}
