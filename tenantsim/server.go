package tenantsim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/quoll/quoll/internal/loopback"
)

// Server is a tenant that listens. URL is both the API host and the token
// authority for a client's configuration.
type Server struct {
	URL string // "https://127.0.0.1:port"
	// CAPEM is the certificate of the authority that a client has to trust. It
	// was made for this server; its key is gone.
	CAPEM []byte

	http *http.Server
	done chan error
}

// Start listens on an address such as "127.0.0.1:0", with TLS, until ctx ends
// or Close is called. The address must be a loopback one.
func (t *Tenant) Start(ctx context.Context, address string) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("tenantsim: listen on %s: %w", address, err)
	}
	if ip := listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("tenantsim: %s is not a loopback address", address), listener.Close())
	}
	own, authority, err := loopback.New()
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &Server{
		URL:   "https://" + listener.Addr().String(),
		CAPEM: authority,
		done:  make(chan error, 1),
		http: &http.Server{
			Handler:           t.Handler(),
			ReadHeaderTimeout: 10 * time.Second,
			TLSConfig:         &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12},
			ErrorLog:          slog.NewLogLogger(t.cfg.Logger.Handler(), slog.LevelDebug),
			BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		},
	}
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	go func() {
		err := s.http.ServeTLS(listener, "", "")
		stop()
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		s.done <- err
	}()
	return s, nil
}

// WriteCA writes the certificate of the authority to a file.
func (s *Server) WriteCA(path string) error {
	if err := os.WriteFile(path, s.CAPEM, 0o600); err != nil {
		return fmt.Errorf("tenantsim: write certificate authority: %w", err)
	}
	return nil
}

// Close ends the server and returns why it ended before, if it did.
func (s *Server) Close() error {
	closeErr := s.http.Close()
	err := <-s.done
	s.done <- err // for the next one who asks
	return errors.Join(closeErr, err)
}
