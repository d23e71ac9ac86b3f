// Package entra gets access tokens from Microsoft Entra for an application,
// which proves itself with a client secret, a certificate or a federated token,
// and says when that proof ends.
//
// It must not know what the tokens are for.
package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/quoll/quoll/collect/cloud"
)

const (
	// lookEvery is how often the files of a credential are looked at for a
	// change.
	lookEvery = time.Minute
	// keepFor is how long the credential is not asked again. What it gives is
	// good for five minutes at least.
	keepFor = time.Minute
)

// Codes of this package, beside Entra's own.
const (
	CodeExpired    = "credential-expired"
	CodeUnreadable = "credential-unreadable"
)

// Application is an app registration of one tenant.
type Application struct {
	TenantID  string // GUID
	ClientID  string // GUID
	Authority string // "https://login.microsoftonline.com"
	Credential
}

// Failure is a token that was not had.
type Failure struct {
	Status  int    // HTTP; 0 when no answer came
	Code    string // "AADSTS7000215", Entra's word for the error, or one of this package's; may be empty
	Message string // Entra's words, on one line, without secrets
	Cause   error
}

func (f *Failure) Error() string {
	text := "get token"
	if f.Status != 0 {
		text += fmt.Sprintf(": HTTP %d", f.Status)
	}
	if f.Code != "" && !strings.HasPrefix(f.Message, f.Code) { // Entra's words begin with it
		text += ": " + f.Code
	}
	if f.Message != "" {
		text += ": " + f.Message
	}
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Cause }

// Tokens gets access tokens and keeps them for their life. It is safe for
// concurrent use.
type Tokens struct {
	app  Application
	http *http.Client
	now  func() time.Time

	// turn is held while a token is fetched. It is a channel, not a mutex, so
	// that those who wait for it can give up with their context.
	turn       chan struct{}
	credential azcore.TokenCredential
	refused    map[string]string // the token that a resource did not accept
	kept       map[string]kept   // by resource
	looked     time.Time         // at the files
	state      string            // of the files that credential was made from

	mu      sync.Mutex
	expires time.Time
	asked   time.Time // the end of the secret, as Graph has told it
	hidden  []string  // what must not be seen in any error
}

// kept is a token and when the credential gave it. The credential has a cache of
// its own, but asking it costs as much as a request for content.
type kept struct {
	token string
	at    time.Time
}

// NewTokens returns a source of tokens; nothing is read or sent before the
// first is asked for. now is the time by which a certificate is judged.
func NewTokens(app Application, client *http.Client, now func() time.Time) *Tokens {
	return &Tokens{app: app, http: client, now: now, turn: make(chan struct{}, 1), refused: map[string]string{}, kept: map[string]kept{}}
}

// Expires returns when the credential ends, or zero when that is not known or
// somebody else sees to it.
func (t *Tokens) Expires() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.asked.IsZero() {
		return t.asked
	}
	return t.expires
}

// Load reads the credential's files if they have changed.
func (t *Tokens) Load(ctx context.Context) error {
	if err := t.take(ctx); err != nil {
		return err
	}
	defer t.release()
	return t.refresh()
}

func (t *Tokens) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Tokens) release() { <-t.turn }

// Token returns a token for a resource ("https://manage.office.com") that is
// valid for at least some minutes. Errors are *Failure, or ctx's.
func (t *Tokens) Token(ctx context.Context, resource string) (string, error) {
	if err := t.take(ctx); err != nil {
		return "", err
	}
	defer t.release()
	for {
		if err := t.refresh(); err != nil {
			return "", err
		}
		if k := t.kept[resource]; t.now().Sub(k.at).Abs() < keepFor && k.token != t.refused[resource] {
			return k.token, nil
		}
		token, err := t.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, TenantID: t.app.TenantID})
		if err != nil {
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			t.credential = nil // what is wrong may be mended in the files
			return "", t.failed(err)
		}
		if refused := t.refused[resource]; refused == "" || token.Token != refused {
			t.kept[resource] = kept{token.Token, t.now()}
			return token.Token, nil
		}
		// The credential answers from its cache, and has no way to forget; a
		// new one has nothing to remember. If it brings the same token again
		// then that is the server's word.
		t.credential = nil
		delete(t.refused, resource)
	}
}

// Refuse says that the resource did not accept the token, so that the next one
// is another.
func (t *Tokens) Refuse(ctx context.Context, resource, token string) {
	if t.take(ctx) != nil {
		return
	}
	defer t.release()
	t.refused[resource] = token
}

// refresh makes the credential from its files if there is none, or if they have
// changed. The turn must be held. What cannot be read while there is a
// credential changes nothing: files are often replaced one after the other.
func (t *Tokens) refresh() error {
	now := t.now()
	if t.credential != nil && now.Sub(t.looked).Abs() < lookEvery {
		return nil
	}
	t.looked = now
	state := t.app.state()
	if t.credential != nil && state == t.state {
		return nil
	}
	read, err := t.app.load()
	if err == nil && read.certificate != nil && !now.Before(read.expires) {
		err = &Failure{Code: CodeExpired, Cause: fmt.Errorf("the certificate in %s ended at %s", t.app.CertificateFile, read.expires.Format(time.RFC3339))}
	}
	if err == nil {
		var made azcore.TokenCredential
		if made, err = t.newCredential(read); err == nil {
			t.credential, t.state = made, state
			clear(t.kept)
			t.keep(read)
			return nil
		}
	}
	if t.credential != nil {
		return nil
	}
	t.keep(read)
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return &Failure{Code: CodeUnreadable, Cause: err}
}

func (t *Tokens) keep(read loaded) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if secret := read.secret.Reveal(); len(t.hidden) == 0 || t.hidden[0] != secret {
		t.hidden, t.asked = []string{secret}, time.Time{} // of another secret
	}
	t.expires = read.expires
}

func (t *Tokens) newCredential(read loaded) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{
		Cloud:     azcloud.Configuration{ActiveDirectoryAuthorityHost: t.app.Authority},
		Retry:     policy.RetryOptions{MaxRetries: -1}, // the callers retry, with their own budget
		Transport: t.http,
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	// Instance discovery asks the commercial cloud whether the authority is
	// genuine: of no use to another authority, out of reach behind a closed
	// network.
	noDiscovery := len(cloud.ByAuthority(t.app.Authority)) == 0
	switch t.app.Kind() {
	case KindCertificate:
		return azidentity.NewClientCertificateCredential(t.app.TenantID, t.app.ClientID, read.certificate.chain, read.certificate.key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: noDiscovery})
	case KindFederated:
		file := t.app.FederatedTokenFile
		return azidentity.NewClientAssertionCredential(t.app.TenantID, t.app.ClientID,
			func(context.Context) (string, error) { return readFederated(file) },
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: noDiscovery})
	default:
		return azidentity.NewClientSecretCredential(t.app.TenantID, t.app.ClientID, read.secret.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: noDiscovery})
	}
}

// failed turns azidentity's error, which prints the whole HTTP exchange, into
// one line with Entra's code.
func (t *Tokens) failed(err error) *Failure {
	f := &Failure{}
	var refused *azidentity.AuthenticationFailedError
	if !errors.As(err, &refused) || refused.RawResponse == nil {
		f.Cause = errors.New(oneLine(t.Redact(err.Error())))
		return f
	}
	f.Status = refused.RawResponse.StatusCode
	body, readErr := io.ReadAll(io.LimitReader(refused.RawResponse.Body, 64<<10))
	if readErr != nil {
		f.Message = fmt.Sprintf("its answer cannot be read: %v", readErr)
		return f
	}
	var parsed struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
	}
	if json.Unmarshal(body, &parsed) != nil {
		f.Message = oneLine(t.Redact(string(body)))
		return f
	}
	f.Code, f.Message = oneLine(parsed.Error), oneLine(t.Redact(parsed.Description))
	if len(parsed.Codes) > 0 {
		f.Code = "AADSTS" + strconv.Itoa(parsed.Codes[len(parsed.Codes)-1])
	}
	return f
}

// Redact takes the credential out of text that came from outside, should the
// other side have echoed it.
func (t *Tokens) Redact(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, secret := range t.hidden {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// maxMessage bounds how much of Entra's words is kept, in bytes.
const maxMessage = 300

// oneLine bounds words from outside and takes everything out of them that could
// disturb a log or a terminal.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}
