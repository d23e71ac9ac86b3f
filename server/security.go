package server

import (
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
)

const headerRequestID = "X-Request-Id"

// contentSecurityPolicy lets the UI load nothing from elsewhere and run no text
// as script. Styles are allowed inline because the component and editor
// libraries write style elements while they run.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// headers sets what every answer carries.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=()")
		next.ServeHTTP(w, r)
	})
}

// identify gives the request an id that a failure and the log share.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var id [8]byte
		_, _ = rand.Read(id[:]) // never fails
		w.Header().Set(headerRequestID, hex.EncodeToString(id[:]))
		next.ServeHTTP(w, r)
	})
}

// recoverPanic keeps one broken request from ending the process.
func (s *Server) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			s.log.ErrorContext(r.Context(), "request panicked",
				"request_id", w.Header().Get(headerRequestID), "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
			s.writeError(w, r, &Failure{CodeInternal, "Something failed inside Quoll. Its log says more under this request id."})
		}()
		next.ServeHTTP(w, r)
	})
}

// hostList holds the host names, in lower case, under which the server may be
// addressed.
type hostList map[string]bool

func newHostList(cfg Config) hostList {
	hosts := hostList{"localhost": true, "127.0.0.1": true, "::1": true}
	// Validate has seen that Listen splits.
	if host, _, _ := net.SplitHostPort(cfg.Listen); host != "" && !isUnspecified(host) {
		hosts[strings.ToLower(host)] = true
	}
	for _, h := range cfg.Hosts {
		hosts[strings.ToLower(strings.Trim(h, "[]"))] = true
	}
	return hosts
}

func isUnspecified(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsUnspecified()
}

// allows reports whether a Host header names this server. The port is not
// compared: a page of another origin cannot choose the name it is loaded under
// by choosing a port.
func (l hostList) allows(header string) bool {
	host := header
	if h, _, err := net.SplitHostPort(header); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	return l[strings.ToLower(host)]
}

// checkHost refuses a request for a name that is not this server's. Without it a
// page whose name is made to resolve to this machine (DNS rebinding) could read
// everything through the user's browser.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hosts.allows(r.Host) {
			s.writeError(w, r, &Failure{CodeForbidden, "this server does not answer to that host name; add it to hosts in its configuration"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseCrossOrigin refuses state-changing requests that a page of another
// origin makes with the user's browser.
func (s *Server) refuseCrossOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protection.Check(r); err != nil {
			s.writeError(w, r, &Failure{CodeForbidden, "a page of another origin may not do that"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
