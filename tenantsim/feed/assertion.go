package feed

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// assertionType is the client_assertion_type of RFC 7523.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Federated is a federated credential of the application: tokens of this
// issuer, subject and audience stand for it.
type Federated struct {
	Issuer, Subject, Audience string
	Key                       *rsa.PublicKey // signs the issuer's tokens
}

// refusal is why Entra gives no token.
type refusal struct {
	code  int
	words string
}

// assertion is a signed JSON web token that a client shows instead of a secret.
type assertion struct {
	header struct {
		Algorithm  string `json:"alg"`
		Thumbprint string `json:"x5t#S256"`
	}
	claims struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Begins   int64  `json:"nbf"`
		Expires  int64  `json:"exp"`
	}
	signed    string
	signature []byte
}

func parseAssertion(text string) (a assertion, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return a, false
	}
	for i, into := range []any{&a.header, &a.claims} {
		part, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(part, into) != nil {
			return a, false
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	a.signed, a.signature = parts[0]+"."+parts[1], signature
	return a, err == nil
}

// verifies reports whether the key signed the assertion.
func (a *assertion) verifies(key *rsa.PublicKey) bool {
	sum := sha256.Sum256([]byte(a.signed))
	switch a.header.Algorithm {
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], a.signature, nil) == nil
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], a.signature) == nil
	}
	return false
}

// checkAssertion judges what a client shows: what the application's certificate
// signed, or a token of an issuer that it trusts.
func (s *Server) checkAssertion(r *http.Request, now time.Time) *refusal {
	a, ok := parseAssertion(r.PostForm.Get("client_assertion"))
	if !ok || r.PostForm.Get("client_assertion_type") != assertionType {
		return &refusal{50027, "Invalid JWT token. Token format is not valid."}
	}
	if now.Unix() >= a.claims.Expires || now.Add(5*time.Minute).Unix() < a.claims.Begins {
		return &refusal{700024, "Client assertion is not within its valid time range."}
	}
	if strings.EqualFold(a.claims.Issuer, s.cfg.ClientID) {
		return s.checkSigned(r, &a, now)
	}
	return s.checkFederated(&a)
}

func (s *Server) checkSigned(r *http.Request, a *assertion, now time.Time) *refusal {
	unknown := &refusal{700027, "Client assertion failed signature validation. The key was not found."}
	for _, c := range s.cfg.Certificates {
		sum := sha256.Sum256(c.Raw)
		key, isRSA := c.PublicKey.(*rsa.PublicKey)
		// Microsoft's own library writes it in the standard alphabet.
		thumbprint := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(a.header.Thumbprint)
		if !isRSA || base64.RawURLEncoding.EncodeToString(sum[:]) != thumbprint {
			continue
		}
		switch {
		case !a.verifies(key):
			return unknown
		case !strings.HasPrefix(a.claims.Audience, baseURL(r)):
			return &refusal{700023, "Client assertion audience claim does not match realm issuer."}
		case now.After(c.NotAfter):
			return &refusal{1000502, "The provided certificate is not within its specified validity window."}
		}
		return nil
	}
	return unknown
}

func (s *Server) checkFederated(a *assertion) *refusal {
	found := &refusal{700211, "No matching federated identity record found for presented assertion issuer '" + a.claims.Issuer + "'."}
	for _, f := range s.cfg.Federated {
		switch {
		case f.Issuer != a.claims.Issuer:
		case f.Audience != a.claims.Audience:
			found = &refusal{700212, "No matching federated identity record found for presented assertion audience '" + a.claims.Audience + "'."}
		case f.Subject != a.claims.Subject:
			found = &refusal{700213, "No matching federated identity record found for presented assertion subject '" + a.claims.Subject + "'."}
		case !a.verifies(f.Key):
			found = &refusal{700027, "Client assertion failed signature validation."}
		default:
			return nil
		}
	}
	return found
}
