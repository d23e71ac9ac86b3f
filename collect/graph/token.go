package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/quoll/quoll/collect/entra"
)

// ErrCredential is wrapped by errors of a credential that a person has to mend.
var ErrCredential = errors.New("check tenant, client id and credential of the application in the configuration; docs/connector-errors.md has the codes")

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
	f := &Failure{Operation: "get token", Status: refused.Status, Code: refused.Code, Message: refused.Message, Cause: refused.Cause}
	own := refused.Code == entra.CodeExpired || refused.Code == entra.CodeUnreadable
	if own || strings.HasPrefix(refused.Code, "AADSTS") && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnauthorized) {
		f.Cause = ErrCredential
		if refused.Cause != nil {
			f.Cause = fmt.Errorf("%w: %w", refused.Cause, ErrCredential)
		}
	}
	return "", f
}

// Refuse implements Tokens.
func (t *EntraTokens) Refuse(ctx context.Context, token string) {
	t.Tokens.Refuse(ctx, t.Resource, token)
}
