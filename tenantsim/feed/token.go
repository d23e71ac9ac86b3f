package feed

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// claims are what a token says.
type claims struct {
	Audience string   `json:"aud"` // "https://manage.office.com"
	Issuer   string   `json:"iss"`
	IssuedAt int64    `json:"iat"`
	Begins   int64    `json:"nbf"`
	Expires  int64    `json:"exp"`
	App      string   `json:"appid"`
	Roles    []string `json:"roles"`
	Tenant   string   `json:"tid"`
	Version  string   `json:"ver"`
}

func (c claims) permits(role string) bool { return slices.Contains(c.Roles, role) }

// tokens issues and checks access tokens: JSON web tokens (RFC 7519) signed
// with a key of this process.
type tokens struct {
	cfg Config
	key [32]byte

	mu      sync.Mutex
	revoked map[string]bool
	issued  int64
}

func newTokens(cfg Config) (*tokens, error) {
	t := &tokens{cfg: cfg, revoked: map[string]bool{}}
	if _, err := rand.Read(t.key[:]); err != nil {
		return nil, fmt.Errorf("make key for tokens: %w", err)
	}
	return t, nil
}

const tokenHeader = `{"typ":"JWT","alg":"HS256","kid":"simulated"}`

func (t *tokens) issue(host string, now time.Time) (string, error) {
	t.mu.Lock()
	t.issued++
	number := t.issued
	t.mu.Unlock()
	body, err := json.Marshal(struct {
		claims
		Number int64 `json:"uti"` // no two tokens are the same
	}{claims{
		Audience: "https://" + host,
		Issuer:   "https://sts.windows.net/" + t.cfg.TenantID + "/",
		IssuedAt: now.Unix(), Begins: now.Unix(), Expires: now.Add(t.cfg.TokenLifetime).Unix(),
		App: t.cfg.ClientID, Roles: t.cfg.Permissions, Tenant: t.cfg.TenantID, Version: "1.0",
	}, number})
	if err != nil {
		return "", fmt.Errorf("word token: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(tokenHeader)) + "." + encode(body)
	return text + "." + encode(t.sign(text)), nil
}

func (t *tokens) sign(text string) []byte {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// check reads a token: genuine, of this hour, for this API.
func (t *tokens) check(token string, now time.Time, host string) (claims, bool) {
	return t.read(token, now, append(hosts(), host))
}

// Roles tells the roles of a token for a resource ("graph.microsoft.com"); false
// for one that is not genuine, has expired or is for another.
func (s *Server) Roles(token, resource string) ([]string, bool) {
	c, ok := s.tokens.read(token, s.cfg.Now(), []string{resource})
	return c.Roles, ok
}

func (t *tokens) read(token string, now time.Time, audiences []string) (claims, bool) {
	var c claims
	text, signature, _ := cutLast(token, ".")
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(given, t.sign(text)) {
		return c, false
	}
	_, encoded, _ := strings.Cut(text, ".")
	body, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || json.Unmarshal(body, &c) != nil {
		return c, false
	}
	audience := strings.TrimPrefix(c.Audience, "https://")
	t.mu.Lock()
	defer t.mu.Unlock()
	return c, now.Unix() < c.Expires && !t.revoked[token] && slices.Contains(audiences, audience)
}

// revoke ends a token before its time. It is always true.
func (t *tokens) revoke(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revoked[token] = true
	return true
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}
