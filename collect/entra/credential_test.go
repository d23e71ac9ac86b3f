package entra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/quoll/quoll/collect"
)

func TestBadCredentialsAreNamed(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	c := certify(t, key(), now, now.Add(time.Hour))
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key(), c, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string { return write(t, filepath.Join(dir, name), content) }
	open := file("open", []byte("secret"))
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	wrong := file("wrong", []byte("wrong"))
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	for want, credential := range map[string]Credential{
		"client secret is missing":         {},
		"more than one of":                 {ClientSecret: collect.NewSecret("a"), FederatedTokenFile: "b"},
		"password without a certificate":   {ClientSecret: collect.NewSecret("a"), CertificatePasswordFile: "b"},
		"run chmod 600 " + open:            {ClientSecretFile: open},
		"no such file":                     {ClientSecretFile: filepath.Join(dir, "nowhere")},
		"is empty":                         {ClientSecretFile: file("empty", []byte(" \n"))},
		"it is no secret":                  {ClientSecretFile: file("long", []byte(strings.Repeat("x", 70_000)))},
		"does not hold one JSON web token": {FederatedTokenFile: file("token", []byte("hello"))},
		"there is no private key":          {CertificateFile: file("bare.pem", pemOf(t, nil, c))},
		"there is no certificate in":       {CertificateFile: file("key.pem", pemOf(t, key()))},
		"not an RSA key":                   {CertificateFile: file("ec.pem", pemOf(t, elliptical, c))},
		"does not belong to its key":       {CertificateFile: file("other.pem", pemOf(t, other, c))},
		"its key is encrypted":             {CertificateFile: file("encrypted.pem", append(encrypted, pemOf(t, nil, c)...))},
		"the password does not open it":    {CertificateFile: file("app.pfx", pfx), CertificatePasswordFile: wrong},
		"neither PEM nor PKCS#12":          {CertificateFile: file("nonsense.pfx", []byte("nonsense"))},
	} {
		err := credential.Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want something about %q", err, want)
		}
	}
	if _, err := matched([]*x509.Certificate{c}, small(t)); err == nil || !strings.Contains(err.Error(), "1024 bits; at least 2048") {
		t.Errorf("%v, want the length of the key", err)
	}
}

// small is a key that is too short. The standard library makes none any more,
// so that it is put together from a modulus of that length.
func small(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	short := *key()
	short.N = new(big.Int).Rsh(short.N, 1024)
	return &short
}
