package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// hintLength is how much of a secret Graph shows.
const hintLength = 3

// AskSecretEnds asks Microsoft Graph when the client secret ends, and remembers
// it. The application has to be permitted to read itself: Application.Read.All.
// graph is where Graph answers, resource what the token is asked for; they
// differ only behind a proxy. Graph tells secrets by their first characters:
// where several have the same, the first end that is still to come counts.
func (t *Tokens) AskSecretEnds(ctx context.Context, graph, resource string) (time.Time, error) {
	if t.app.Kind() != KindSecret {
		return time.Time{}, errors.New("what the application signs in with is no client secret")
	}
	token, err := t.Token(ctx, resource)
	if err != nil {
		return time.Time{}, err
	}
	address := graph + "/v1.0/applications(appId='" + url.PathEscape(t.app.ClientID) + "')?$select=passwordCredentials"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return time.Time{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := t.http.Do(request)
	if err != nil {
		return time.Time{}, errors.New(oneLine(t.Redact(strings.ReplaceAll(err.Error(), token, "[secret]"))))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the end of the client secret: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return time.Time{}, fmt.Errorf("ask for the end of the client secret: HTTP %d: %s", response.StatusCode, oneLine(t.Redact(string(body))))
	}
	var said struct {
		PasswordCredentials []struct {
			Hint        string    `json:"hint"`
			EndDateTime time.Time `json:"endDateTime"`
		} `json:"passwordCredentials"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return time.Time{}, fmt.Errorf("ask for the end of the client secret: %w", err)
	}
	var ends time.Time
	for _, p := range said.PasswordCredentials {
		if t.hints(p.Hint) && p.EndDateTime.After(t.now()) && (ends.IsZero() || p.EndDateTime.Before(ends)) {
			ends = p.EndDateTime.UTC()
		}
	}
	if ends.IsZero() {
		return ends, errors.New("ask for the end of the client secret: Microsoft Graph lists no such secret")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = ends
	return ends, nil
}

// hints reports whether the hint is that of the secret in use.
func (t *Tokens) hints(hint string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, secret := range t.hidden {
		if secret != "" && len(hint) == hintLength && strings.HasPrefix(secret, hint) {
			return true
		}
	}
	return false
}
