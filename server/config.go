package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Config says where the server listens and what it allows. The zero value is
// not usable; start from DefaultConfig.
type Config struct {
	// Listen is host:port. An empty host or one that is not loopback needs
	// TokenFile. Port 0 takes any free port.
	Listen string `yaml:"listen"`
	// TokenFile names a file that holds the bearer token that API requests
	// must carry; surrounding white space is ignored. Empty means that no
	// token is asked for, which Validate accepts on loopback only.
	TokenFile string `yaml:"token_file"`
	// MetricsTokenFile names a file that holds a bearer token which opens GET
	// /metrics and GET /api/v1/health and nothing else; empty for none.
	MetricsTokenFile string `yaml:"metrics_token_file"`
	// Hosts are further host names, without port, under which the server may
	// be addressed, for instance behind a reverse proxy. Loopback names and
	// the host of Listen always are allowed.
	Hosts []string `yaml:"hosts"`
	// QueryTimeout bounds the time a query may run.
	QueryTimeout time.Duration `yaml:"query_timeout"`
	// MaxConcurrentQueries bounds the queries that run at once; more wait for
	// their turn within QueryTimeout.
	MaxConcurrentQueries int `yaml:"max_concurrent_queries"`
	// MaxRequestBytes bounds the body of a request.
	MaxRequestBytes int64 `yaml:"max_request_bytes"`
	// ShutdownGrace is how long running requests may take to end once the
	// server is told to stop; then they are cancelled.
	ShutdownGrace time.Duration `yaml:"shutdown_grace"`
}

// DefaultConfig listens on loopback, port 8484, without a token.
func DefaultConfig() Config {
	return Config{
		Listen:               "127.0.0.1:8484",
		QueryTimeout:         3 * time.Minute,
		MaxConcurrentQueries: 8,
		MaxRequestBytes:      1 << 20,
		ShutdownGrace:        10 * time.Second,
	}
}

// minTokenBytes keeps a token from being guessed; 32 random characters of
// base 16 carry 128 bits.
const minTokenBytes = 32

// Validate reports the first setting that cannot work. It reads no file.
func (c Config) Validate() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen %q: want host:port: %w", c.Listen, err)
	}
	if !isLoopback(host) && c.TokenFile == "" {
		return fmt.Errorf("listen %q: reachable from other machines, so token_file must name a file with a bearer token", c.Listen)
	}
	if c.QueryTimeout <= 0 {
		return fmt.Errorf("query_timeout %s: must be above zero", c.QueryTimeout)
	}
	if c.MaxConcurrentQueries <= 0 {
		return fmt.Errorf("max_concurrent_queries %d: must be above zero", c.MaxConcurrentQueries)
	}
	if c.MaxRequestBytes <= 0 {
		return fmt.Errorf("max_request_bytes %d: must be above zero", c.MaxRequestBytes)
	}
	if c.ShutdownGrace < 0 {
		return fmt.Errorf("shutdown_grace %s: must not be negative", c.ShutdownGrace)
	}
	for _, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/ *") {
			return fmt.Errorf("hosts: %q is no host name", h)
		}
	}
	return nil
}

// readToken returns the token in a file, or "" when none is configured. The token
// appears in no error.
func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read bearer token: %w", err)
	}
	token := strings.TrimSpace(string(raw))
	if len(token) < minTokenBytes {
		return "", fmt.Errorf("read bearer token %s: shorter than %d characters", file, minTokenBytes)
	}
	if strings.ContainsAny(token, " \t\r\n") {
		return "", errors.New("read bearer token " + file + ": holds white space; one token is wanted")
	}
	return token, nil
}

// OnLoopback says whether only this machine can reach the server.
func (c Config) OnLoopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	return err == nil && isLoopback(host)
}

// isLoopback reports whether only this machine can reach the host. A name other
// than localhost is not looked up: what it means may change later.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
