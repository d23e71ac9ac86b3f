package config

import (
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
)

// credentialFiles makes a folder with one of each.
func credentialFiles(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "hunter2")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"app.pem": append(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...),
		"app.pfx": pfx, "password": []byte("hunter2\n"), "auth-id": []byte("0123456789abcdef"), "token": []byte("a.b.c"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEveryKindOfCredentialIsConfigured(t *testing.T) {
	dir := credentialFiles(t)
	for _, path := range glob(t, "credentials/*.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(text, dir, environment)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		first, _, _ := strings.Cut(string(text), "\n")
		if got := string(c.Tenants[0].Activity.Kind()); "# want: "+got != first {
			t.Errorf("%s configures a %s", path, got)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "password"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/credentials/secret.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(text, dir, environment); err == nil || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v; want a secret that everyone can read refused", err)
	}
}
