package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// tokens gets access tokens for one tenant and keeps the present one.
type tokens struct {
	cfg  *Config
	http *http.Client

	// turn is held while a token is fetched. It is a channel, not a mutex, so
	// that those who wait for it can give up with their context.
	turn       chan struct{}
	credential azcore.TokenCredential
	refused    string // the token that the API did not accept
}

func newTokens(cfg *Config, client *http.Client) *tokens {
	return &tokens{cfg: cfg, http: client, turn: make(chan struct{}, 1)}
}

// token returns a token that is valid for at least some minutes.
func (t *tokens) token(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	for {
		if t.credential == nil {
			credential, err := t.newCredential()
			if err != nil {
				return "", t.failed(err)
			}
			t.credential = credential
		}
		token, err := t.credential.GetToken(ctx, policy.TokenRequestOptions{
			Scopes:   []string{t.cfg.Resource + "/.default"},
			TenantID: t.cfg.TenantID,
		})
		if err != nil {
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return "", t.failed(err)
		}
		if t.refused == "" || token.Token != t.refused {
			return token.Token, nil
		}
		// The credential answers from its cache, and has no way to forget; a
		// new one has nothing to remember. If it brings the same token again
		// then that is the server's word.
		t.credential, t.refused = nil, ""
	}
}

// refuse says that the API did not accept the token, so that the next one is
// another.
func (t *tokens) refuse(ctx context.Context, token string) {
	select {
	case t.turn <- struct{}{}:
		t.refused = token
		<-t.turn
	case <-ctx.Done():
	}
}

func (t *tokens) newCredential() (azcore.TokenCredential, error) {
	return azidentity.NewClientSecretCredential(t.cfg.TenantID, t.cfg.ClientID, t.cfg.ClientSecret.Reveal(),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{
				Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: t.cfg.AuthorityURL},
				Retry:     policy.RetryOptions{MaxRetries: -1}, // the callers retry, with their own budget
				Transport: t.http,
				Telemetry: policy.TelemetryOptions{Disabled: true},
			},
			// Instance discovery asks the commercial cloud whether the authority
			// is genuine: of no use to another authority, out of reach behind a
			// closed network.
			DisableInstanceDiscovery: t.cfg.AuthorityURL != endpoints[t.cfg.Cloud].authority,
		})
}

// failed turns azidentity's error, which prints the whole HTTP exchange, into
// one line with Entra's code.
func (t *tokens) failed(err error) *failure {
	f := &failure{operation: "get token", does: retry}
	var refused *azidentity.AuthenticationFailedError
	if !errors.As(err, &refused) || refused.RawResponse == nil {
		f.cause = errors.New(oneLine(redact(err.Error(), t.cfg.ClientSecret.Reveal())))
		return f
	}
	f.status = refused.RawResponse.StatusCode
	body, readErr := io.ReadAll(io.LimitReader(refused.RawResponse.Body, 64<<10))
	if readErr != nil {
		f.message = fmt.Sprintf("its answer cannot be read: %v", readErr)
		return f
	}
	var parsed struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
	}
	if json.Unmarshal(body, &parsed) != nil {
		f.message = oneLine(redact(string(body), t.cfg.ClientSecret.Reveal()))
		return f
	}
	f.code, f.message = parsed.Error, oneLine(redact(parsed.Description, t.cfg.ClientSecret.Reveal()))
	for _, code := range parsed.Codes {
		f.code = "AADSTS" + strconv.Itoa(code)
	}
	if e, ok := explain(f.code); ok {
		f.does = e.does
	} else if f.status == http.StatusBadRequest || f.status == http.StatusUnauthorized {
		f.does = blocked
	}
	return f
}

// redact takes secrets out of text that came from outside, should the other
// side have echoed one.
func redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}
