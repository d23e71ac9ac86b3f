package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/tenantsim/feed"
)

const (
	tenantID   = "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101"
	clientID   = "0b8f5d1e-2f2a-4a39-8f4e-6f1b9a77c202"
	secret     = "s3cret~that.must-not/leak+anywhere"
	management = "https://manage.office.com"
)

// key is made once: RSA keys are slow to make.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return made
})

func certify(t *testing.T, private *rsa.PrivateKey, from, to time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(to.Unix()), Subject: pkix.Name{CommonName: "quoll"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(t *testing.T, private any, chain ...*x509.Certificate) []byte {
	t.Helper()
	var text []byte
	if private != nil {
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		text = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	for _, c := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

// federated words a token such as a Kubernetes cluster gives to a pod.
func federated(t *testing.T, subject string, expires time.Time) []byte {
	t.Helper()
	claims, err := json.Marshal(map[string]any{"iss": "https://cluster.example", "sub": subject, "aud": "api://AzureADTokenExchange", "exp": expires.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text + "." + base64.RawURLEncoding.EncodeToString(signature) + "\n")
}

// rig is Microsoft Entra without a network, in virtual time.
type rig struct {
	t        *testing.T
	dir      string
	cfg      feed.Config
	server   *feed.Server
	mu       sync.Mutex
	requests int // for tokens
}

func inVirtualTime(t *testing.T, test func(r *rig)) {
	t.Helper()
	dir := t.TempDir()
	key()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: dir}
		r.cfg = feed.Config{
			TenantID: tenantID, ClientID: clientID, ClientSecret: secret, TokenLifetime: time.Hour,
			Permissions: []string{"ActivityFeed.Read"}, Now: time.Now,
			Federated: []feed.Federated{{Issuer: "https://cluster.example", Subject: "system:serviceaccount:quoll:quoll", Audience: "api://AzureADTokenExchange", Key: &key().PublicKey}},
		}
		r.restart()
		test(r)
	})
}

// restart makes the server anew, after its configuration was changed.
func (r *rig) restart() {
	server, err := feed.New(r.cfg, feed.NewStore())
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.server = server
	r.mu.Unlock()
}

func (r *rig) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.TLS = &tls.ConnectionState{}
	if request.Host == "" {
		request.Host = request.URL.Host
	}
	r.mu.Lock()
	if strings.HasSuffix(request.URL.Path, "/token") {
		r.requests++
	}
	server := r.server
	r.mu.Unlock()
	recorder := httptest.NewRecorder()
	if feed.HandlesApplication(request.URL.Path) {
		server.ServeApplication(recorder, request)
	} else {
		server.ServeHTTP(recorder, request)
	}
	response := recorder.Result()
	response.Request = request
	return response, nil
}

func (r *rig) tokens(c Credential) *Tokens {
	app := Application{TenantID: tenantID, ClientID: clientID, Authority: "https://login.test", Credential: c}
	return NewTokens(app, &http.Client{Transport: r}, time.Now)
}

func (r *rig) wantToken(t *Tokens) string {
	r.t.Helper()
	token, err := t.Token(r.t.Context(), management)
	if err != nil {
		r.t.Fatal(err)
	}
	claims, err := ReadClaims(token)
	if err != nil || claims.Tenant != tenantID || claims.Audience != management || len(claims.Roles) != 1 {
		r.t.Errorf("claims %+v, %v", claims, err)
	}
	return token
}

func (r *rig) wantRefused(t *Tokens, code string) {
	r.t.Helper()
	_, err := t.Token(r.t.Context(), management)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Code != code {
		r.t.Errorf("%v, want %s", err, code)
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		r.t.Errorf("the secret is in %v", err)
	}
}

func TestEveryKindOfCredentialGetsAToken(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		now := time.Now()
		c := certify(t, key(), now.Add(-time.Hour), now.Add(90*24*time.Hour))
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		chain := certify(t, other, now.Add(-time.Hour), now.Add(900*24*time.Hour))
		r.cfg.Certificates = []*x509.Certificate{c}
		r.restart()
		password := write(t, filepath.Join(r.dir, "password"), []byte("open sesame\n"))
		pfx := func(name string, encoder *pkcs12.Encoder, word string) string {
			data, err := encoder.Encode(key(), c, []*x509.Certificate{chain}, word)
			if err != nil {
				t.Fatal(err)
			}
			return write(t, filepath.Join(r.dir, name), data)
		}
		for name, credential := range map[string]Credential{
			"secret":         {ClientSecret: collect.NewSecret(secret)},
			"secret file":    {ClientSecretFile: write(t, filepath.Join(r.dir, "secret"), []byte(secret+"\n"))},
			"PEM":            {CertificateFile: write(t, filepath.Join(r.dir, "app.pem"), pemOf(t, key(), c))},
			"PEM, chain":     {CertificateFile: write(t, filepath.Join(r.dir, "chain.pem"), pemOf(t, key(), chain, c))},
			"PFX":            {CertificateFile: pfx("app.pfx", pkcs12.Modern, "open sesame"), CertificatePasswordFile: password},
			"PFX, older":     {CertificateFile: pfx("older.pfx", pkcs12.LegacyDES, "open sesame"), CertificatePasswordFile: password},
			"PFX, no secret": {CertificateFile: pfx("bare.pfx", pkcs12.Passwordless, "")},
			"federated":      {FederatedTokenFile: write(t, filepath.Join(r.dir, "token"), federated(t, "system:serviceaccount:quoll:quoll", now.Add(time.Hour)))},
		} {
			if err := credential.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			tokens := r.tokens(credential)
			token := r.wantToken(tokens)
			if again := r.wantToken(tokens); again != token {
				t.Errorf("%s: another token within its life", name)
			}
			tokens.Refuse(r.t.Context(), management, token)
			if again := r.wantToken(tokens); again == token {
				t.Errorf("%s: the refused token again", name)
			}
			if want := credential.Kind() == KindCertificate; want != tokens.Expires().Equal(c.NotAfter) {
				t.Errorf("%s ends at %v", name, tokens.Expires())
			}
		}
	})
}

func TestCredentialsAreRenewedWithoutARestart(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		now := time.Now()
		first := certify(t, key(), now.Add(-time.Hour), now.Add(10*24*time.Hour))
		second := certify(t, key(), now.Add(-time.Hour), now.Add(400*24*time.Hour))
		r.cfg.Certificates = []*x509.Certificate{first, second}
		r.cfg.SecretExpires = now.Add(10 * 24 * time.Hour)
		r.restart()
		const subject = "system:serviceaccount:quoll:quoll"
		pemFile, tokenFile := filepath.Join(r.dir, "app.pem"), filepath.Join(r.dir, "token")
		secretFile := write(t, filepath.Join(r.dir, "secret"), []byte(secret))
		write(t, pemFile, pemOf(t, key(), first))
		write(t, tokenFile, federated(t, subject, now.Add(time.Hour)))
		certified := r.tokens(Credential{CertificateFile: pemFile})
		trusted := r.tokens(Credential{FederatedTokenFile: tokenFile})
		known := r.tokens(Credential{ClientSecretFile: secretFile})
		for _, tokens := range []*Tokens{certified, trusted, known} {
			r.wantToken(tokens)
		}

		time.Sleep(11 * 24 * time.Hour)
		r.wantRefused(certified, "AADSTS1000502")
		r.wantRefused(certified, CodeExpired)
		r.wantRefused(trusted, "AADSTS700024")
		r.wantRefused(known, "AADSTS7000222")

		write(t, pemFile, pemOf(t, key(), second))
		write(t, tokenFile, federated(t, subject, time.Now().Add(time.Hour)))
		write(t, secretFile, []byte("another"))
		r.cfg.ClientSecret, r.cfg.SecretExpires = "another", time.Time{}
		r.restart()
		for _, tokens := range []*Tokens{certified, trusted, known} {
			r.wantToken(tokens)
		}
		if !certified.Expires().Equal(second.NotAfter) {
			t.Errorf("the certificate ends at %v, want that of the new one, %v", certified.Expires(), second.NotAfter)
		}
	})
}

func TestEntraRefusesWhatDoesNotMatch(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		now := time.Now()
		unknown := certify(t, key(), now.Add(-time.Hour), now.Add(time.Hour))
		r.wantRefused(r.tokens(Credential{CertificateFile: write(t, filepath.Join(r.dir, "app.pem"), pemOf(t, key(), unknown))}), "AADSTS700027")
		r.wantRefused(r.tokens(Credential{FederatedTokenFile: write(t, filepath.Join(r.dir, "token"), federated(t, "system:serviceaccount:other:other", now.Add(time.Hour)))}), "AADSTS700213")
		r.wantRefused(r.tokens(Credential{ClientSecret: collect.NewSecret("wrong")}), "AADSTS7000215")
		r.wantRefused(r.tokens(Credential{ClientSecretFile: filepath.Join(r.dir, "nowhere")}), CodeUnreadable)
	})
}

func TestExpiredCertificateAsksNobody(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		now := time.Now()
		ended := certify(t, key(), now.Add(-2*time.Hour), now.Add(-time.Hour))
		tokens := r.tokens(Credential{CertificateFile: write(t, filepath.Join(r.dir, "app.pem"), pemOf(t, key(), ended))})
		r.wantRefused(tokens, CodeExpired)
		if r.requests != 0 || !tokens.Expires().Equal(ended.NotAfter) {
			t.Errorf("%d requests, ends at %v", r.requests, tokens.Expires())
		}
	})
}

func TestWarningsComeInStages(t *testing.T) {
	ends := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for before, want := range map[time.Duration]struct {
		stage int
		words string
	}{
		31 * 24 * time.Hour: {-1, ""},
		30 * 24 * time.Hour: {30, "The client secret with which Quoll signs in ends in 30 days, on 2027-03-01."},
		15 * 24 * time.Hour: {30, "ends in 15 days"},
		14 * 24 * time.Hour: {14, "ends in 14 days"},
		7 * 24 * time.Hour:  {7, "ends in 7 days"},
		40 * time.Hour:      {7, "ends in one day"},
		24 * time.Hour:      {1, "ends in one day"},
		3 * time.Hour:       {1, "ends in 3 hours"},
		0:                   {0, "has ended, on 2027-03-01"},
		-48 * time.Hour:     {0, "has ended"},
	} {
		now := ends.Add(-before)
		if got := Stage(ends, now); got != want.stage {
			t.Errorf("%v before: stage %d, want %d", before, got, want.stage)
		}
		warning := Warning(KindSecret, ends, now)
		if (warning == nil) != (want.words == "") || warning != nil && (!strings.Contains(warning.Cause, want.words) || !strings.Contains(warning.Remedy, "client_secret_expires")) {
			t.Errorf("%v before: %+v, want %q", before, warning, want.words)
		}
	}
	if Warning(KindFederated, time.Time{}, ends) != nil {
		t.Error("a warning about an end that nobody knows")
	}
}
