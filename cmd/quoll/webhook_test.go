package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/loopback"
)

// tlsFiles writes a certificate for loopback and returns who trusts it.
func tlsFiles(t *testing.T, dir string) (certificate, key string, trust *x509.CertPool) {
	t.Helper()
	files, err := loopback.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(files.Authority)
	if err != nil {
		t.Fatal(err)
	}
	trust = x509.NewCertPool()
	trust.AppendCertsFromPEM(authority)
	return files.Certificate, files.Key, trust
}

func TestWebhookServerAnswersOverTLS(t *testing.T) {
	certificate, key, trust := tlsFiles(t, t.TempDir())
	const authID = "0123456789abcdef"
	c := &config.Webhook{Listen: "127.0.0.1:0", Path: "/o365", CertificateFile: certificate, KeyFile: key}
	c.Address, c.AuthID = "https://quoll.agency.example/o365", collect.NewSecret(authID)
	w := newWebhookServer(c, slog.New(slog.DiscardHandler))
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
