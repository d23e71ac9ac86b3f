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

func newWebhookServer(c *config.Webhook, collectors []*activity.Collector, log *slog.Logger) *webhookServer {
	return &webhookServer{c, activity.NewReceiver(c.AuthID, collectors, log), log}
}

// serve answers until ctx ends.
func (w *webhookServer) serve(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.config.Listen)
	if err != nil {
		return fmt.Errorf("listen for notifications on %s: %w", w.config.Listen, err)
	}
	if w.config.CertificateFile != "" {
		certificate, err := tls.LoadX509KeyPair(w.config.CertificateFile, w.config.KeyFile)
		if err != nil {
			return errors.Join(fmt.Errorf("certificate for notifications: %w", err), listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	}
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
