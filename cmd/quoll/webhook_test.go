package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/config"
)

// tlsFiles writes a certificate for loopback and returns who trusts it.
func tlsFiles(t *testing.T, dir string) (certificate, key string, trust *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key")
	trust = x509.NewCertPool()
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trust.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return certificate, key, trust
}

func TestWebhookServerAnswersOverTLS(t *testing.T) {
	certificate, key, trust := tlsFiles(t, t.TempDir())
	const authID = "0123456789abcdef"
	c := &config.Webhook{Listen: "127.0.0.1:0", Path: "/o365", CertificateFile: certificate, KeyFile: key}
	c.Address, c.AuthID = "https://quoll.agency.example/o365", collect.NewSecret(authID)
	w := newWebhookServer(c, nil, slog.New(slog.DiscardHandler))
	listener, err := w.listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.serve(ctx, listener) }()

	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for path, want := range map[string]int{"/o365": 200, "/": 404, "/api/v1/status": 404} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+listener.Addr().String()+path, strings.NewReader(`{"validationCode":"1"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Webhook-AuthID", authID)
		request.Header.Set("Webhook-ValidationCode", "1")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != want {
			t.Errorf("%s: %d, %v; want %d", path, response.StatusCode, err, want)
		}
	}
	if got := w.receiver.Received(); got.Validations != 1 {
		t.Errorf("%+v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	c.KeyFile = certificate
	if _, err := w.listen(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate for notifications") {
		t.Errorf("%v, want the key that is none", err)
	}
}
