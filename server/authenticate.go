package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// headerRequest must be on every request by which a session changes something: a
// page of another origin cannot set it without being asked first. It stands
// behind refuseCrossOrigin and the cookie's SameSite.
const headerRequest = "X-Quoll-Request"

// authenticate finds out who makes a request, and refuses who cannot say. With
// neither a token nor sign-in, which is loopback only, everybody may all.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.identifyCaller(r)
		if err != nil {
			var failure *Failure
			if errors.As(err, &failure) && failure.Code == CodeUnauthorised {
				w.Header().Set("WWW-Authenticate", `Bearer realm="quoll"`)
			}
			s.writeError(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// watchers lets in who may look, and the token of those who watch from outside.
func (s *Server) watchers(next http.Handler) http.Handler {
	known := s.authenticate(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !equalsAny(r.Header.Get("Authorization"), s.metricsToken) {
			known.ServeHTTP(w, r)
			return
		}
		c := &caller{person: Person{Name: watcherActor, Role: RoleReader}, by: byToken}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// headerActor says for whom a program acts. It is believed of those alone who
// could act as anybody: who has the token, or where nobody is asked.
const headerActor = "X-Quoll-Actor"

func named(r *http.Request, otherwise string) string {
	name := strings.TrimSpace(r.Header.Get(headerActor))
	if name == "" || len(name) > maxOwner {
		return otherwise
	}
	return name + " (" + otherwise + ")"
}

func (s *Server) identifyCaller(r *http.Request) (*caller, error) {
	if s.token == "" && s.services.Access == nil {
		return &caller{person: Person{Name: named(r, localActor), Role: RoleAdministrator}, by: byNothing}, nil
	}
	if given := r.Header.Get("Authorization"); given != "" {
		if !s.isToken(given) {
			return s.bearer(r.Context(), given)
		}
		return &caller{person: Person{Name: named(r, tokenActor), Role: RoleAdministrator}, by: byToken}, nil
	}
	if s.services.Access == nil {
		return nil, &Failure{CodeUnauthorised, "this server asks for a bearer token"}
	}
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil, &Failure{CodeUnauthorised, "nobody is signed in"}
	}
	person, err := s.services.Access.Who(r.Context(), cookie.Value)
	if errors.Is(err, ErrNotFound) {
		return nil, &Failure{CodeUnauthorised, "the session has ended; sign in again"}
	}
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get(headerRequest) == "" {
		return nil, &Failure{CodeForbidden, "a session changes something only with the header " + headerRequest}
	}
	return &caller{person: *person, by: bySession, token: cookie.Value}, nil
}

// bearer lets in who has an access token. It acts for nobody but itself.
func (s *Server) bearer(ctx context.Context, header string) (*caller, error) {
	refused := &Failure{CodeUnauthorised, "that is not a bearer token of this server, or it has ended"}
	scheme, given, _ := strings.Cut(header, " ")
	if s.services.Tokens == nil || !strings.EqualFold(scheme, "Bearer") {
		return nil, refused
	}
	t, err := s.services.Tokens.Bearer(ctx, strings.TrimSpace(given))
	if errors.Is(err, ErrNotFound) {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return &caller{person: Person{Name: "token " + t.Name, Role: t.Role}, by: byToken, program: true}, nil
}

func (s *Server) isToken(header string) bool { return equalsAny(header, s.token, s.localToken) }

// equalsAny compares an Authorization header with tokens, of which empty ones are
// none. The digests have equal lengths, so that the comparison tells nothing by
// its time.
func equalsAny(header string, tokens ...string) bool {
	scheme, given, _ := strings.Cut(header, " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(given)))
	found := 0
	for _, token := range tokens {
		if token == "" {
			continue
		}
		want := sha256.Sum256([]byte(token))
		found |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return strings.EqualFold(scheme, "Bearer") && found == 1
}

// cookieName holds the port: browsers send a cookie to every port of a host, and
// there may be several servers on this machine.
func cookieName(r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		return "quoll_session"
	}
	return "quoll_session_" + port
}

// cookie carries a session: out of reach of scripts, and sent from this
// server's own pages only. Behind a proxy that speaks TLS it is not sent without.
func (s *Server) cookie(r *http.Request, token string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Value: token, Path: "/", Expires: expires, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	}
}
