package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/config"
)

// webhookServer is the listener for the audit log's notifications. It is apart
// from the web server, because the internet has to reach it.
type webhookServer struct {
	config   *config.Webhook
	receiver *activity.Receiver
	log      *slog.Logger
}

func newWebhookServer(c *config.Webhook, log *slog.Logger) *webhookServer {
	return &webhookServer{c, activity.NewReceiver(c.AuthID, nil, log), log}
}

// listen opens the address, with TLS where there is a certificate.
func (w *webhookServer) listen(ctx context.Context) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for notifications on %s: %w", w.config.Listen, err)
	}
	if w.config.CertificateFile == "" {
		return listener, nil
	}
	certificate, err := tls.LoadX509KeyPair(w.config.CertificateFile, w.config.KeyFile)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("certificate for notifications: %w", err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), nil
}

// serve answers until ctx ends. It closes the listener.
func (w *webhookServer) serve(ctx context.Context, listener net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle(w.config.Path, w.receiver)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	w.log.Info("taking notifications", "listen", listener.Addr().String(), "address", w.config.Address)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve notifications: %w", err)
	}
	return nil
}
