package server

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// The roles, from the least to the most: each may all that the one before it may.
const (
	RoleReader        = "Reader"        // looks at everything, runs queries
	RoleResponder     = "Responder"     // works on incidents, keeps queries and bookmarks
	RoleContributor   = "Contributor"   // also changes what is collected and detected
	RoleAdministrator = "Administrator" // also decides who may do what
)

var roles = []string{RoleReader, RoleResponder, RoleContributor, RoleAdministrator}

// Access knows people and sessions. An error that the user may read is a
// *Failure.
type Access interface {
	// SignIn begins a session by name and password, Redeem by a one-time link.
	SignIn(ctx context.Context, name, password string) (*SignedIn, error)
	Redeem(ctx context.Context, link string) (*SignedIn, error)
	// Who returns the person of a session; ErrNotFound when it is unknown or
	// has ended.
	Who(ctx context.Context, token string) (*Person, error)
	SignOut(ctx context.Context, token string) error
	// SetPassword gives who has the session another password.
	SetPassword(ctx context.Context, token, current, next string) error
	People(ctx context.Context) ([]Person, error)
	// Invite makes a person, or finds the one of that name, and returns the
	// secret of a one-time link for them.
	Invite(ctx context.Context, name, role string) (link string, err error)
	// ChangePerson returns the person as they then are; ErrNotFound when the
	// id is unknown.
	ChangePerson(ctx context.Context, id string, change PersonChange) (*Person, error)
}

// Person is somebody who can sign in.
type Person struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Role        string     `json:"role"`
	Disabled    bool       `json:"disabled"`
	PasswordSet bool       `json:"passwordSet"`
	Created     time.Time  `json:"created"`
	Seen        *time.Time `json:"seen"` // the last sign-in; null: never
}

// SignedIn is a session that began.
type SignedIn struct {
	Token   string
	Expires time.Time
	Person  Person
}

// PersonChange is what an administrator changes; a nil member stays as it is.
type PersonChange struct {
	Role     *string `json:"role"`
	Disabled *bool   `json:"disabled"`
}

// Ways in which a caller is known.
const (
	byNothing = "open"    // nobody is asked: loopback without sign-in
	byToken   = "token"   // the bearer token
	bySession = "session" // signed in with a browser
)

// caller is who makes a request.
type caller struct {
	person Person
	by     string
	token  string // of the session
	// program says that an access token was shown, which somebody has made.
	program bool
}

// onePerson returns the caller's name where two people have to say the same. An access
// token has no word there: whoever says it once may have made the token.
func onePerson(ctx context.Context) (string, error) {
	c := callerOf(ctx)
	if c.program {
		return "", &Failure{CodeForbidden, "that takes two people, and an access token is none: sign in"}
	}
	return c.person.Name, nil
}

// saidByOne does what one of two people says, and answers with what became of it.
func saidByOne[T any](w http.ResponseWriter, r *http.Request, status int, do func(ctx context.Context, by string) (T, error)) error {
	by, err := onePerson(r.Context())
	if err != nil {
		return err
	}
	outcome, err := do(r.Context(), by)
	if err != nil {
		return err
	}
	writeJSON(w, status, outcome)
	return nil
}

func (c *caller) may(role string) bool {
	return slices.Index(roles, c.person.Role) >= slices.Index(roles, role)
}

type callerKey struct{}

// CallerName returns the name of who makes the request that a context is of, for
// services that keep an audit trail; empty where there is no request.
func CallerName(ctx context.Context) string {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c.person.Name
	}
	return ""
}

// ForCaller returns a context for work that goes on when a request has ended: it
// ends with work, and its caller is that of the request.
func ForCaller(work, request context.Context) context.Context {
	return context.WithValue(work, callerKey{}, request.Value(callerKey{}))
}

// callerOf returns who makes a request that authenticate let through.
func callerOf(ctx context.Context) *caller { return ctx.Value(callerKey{}).(*caller) }

// allow lets through who has the role.
func allow(role string, h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !callerOf(r.Context()).may(role) {
			return &Failure{CodeForbidden, "that takes the role " + role + "; yours is " + callerOf(r.Context()).person.Role}
		}
		return h(w, r)
	}
}

// sessionBody is the body of GET /api/v1/session.
type sessionBody struct {
	Name        string `json:"name"`
	Role        string `json:"role"`
	By          string `json:"by"`
	PasswordSet bool   `json:"passwordSet"`
}

func (s *Server) handleSession(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r.Context())
	writeJSON(w, http.StatusOK, sessionBody{Name: c.person.Name, Role: c.person.Role, By: c.by, PasswordSet: c.person.PasswordSet})
	return nil
}

// handleWays says how one can sign in, to anybody.
func (s *Server) handleWays(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]bool{"password": s.services.Access != nil, "token": s.token != ""})
	return nil
}

// signInBody is the body of POST /api/v1/sign-in: a link, or name and password.
type signInBody struct {
	Link     string `json:"link"`
	Name     string `json:"name"`
	Password string `json:"password"`
}

func (s *Server) handleSignIn(w http.ResponseWriter, r *http.Request) error {
	if s.services.Access == nil {
		return unavailable("sign-in")
	}
	var body signInBody
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	var signedIn *SignedIn
	var err error
	if body.Link != "" {
		signedIn, err = s.services.Access.Redeem(r.Context(), body.Link)
	} else {
		signedIn, err = s.services.Access.SignIn(r.Context(), body.Name, body.Password)
	}
	if err != nil {
		s.log.WarnContext(r.Context(), "sign-in refused", "by_link", body.Link != "", "remote", r.RemoteAddr, "error", err)
		return err
	}
	s.log.InfoContext(r.Context(), "signed in", "name", signedIn.Person.Name, "by_link", body.Link != "", "remote", r.RemoteAddr)
	http.SetCookie(w, s.cookie(r, signedIn.Token, signedIn.Expires))
	p := signedIn.Person
	writeJSON(w, http.StatusOK, sessionBody{Name: p.Name, Role: p.Role, By: bySession, PasswordSet: p.PasswordSet})
	return nil
}

func (s *Server) handleSignOut(w http.ResponseWriter, r *http.Request) error {
	if c := callerOf(r.Context()); c.by == bySession {
		if err := s.services.Access.SignOut(r.Context(), c.token); err != nil {
			return err
		}
	}
	http.SetCookie(w, s.cookie(r, "", time.Unix(1, 0)))
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

func (s *Server) handlePassword(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r.Context())
	if c.by != bySession {
		return &Failure{CodeConflict, "only who is signed in has a password"}
	}
	var body struct {
		Current  string `json:"current"`
		Password string `json:"password"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	if err := s.services.Access.SetPassword(r.Context(), c.token, body.Current, body.Password); err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "password set", "name", c.person.Name)
	writeJSON(w, http.StatusOK, sessionBody{Name: c.person.Name, Role: c.person.Role, By: c.by, PasswordSet: true})
	return nil
}

func (s *Server) handlePeople(w http.ResponseWriter, r *http.Request) error {
	people, err := s.services.Access.People(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Person{"people": notNil(people)})
	return nil
}

func (s *Server) handleInvite(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name string `json:"name"`
		Role string `json:"role"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	link, err := s.services.Access.Invite(r.Context(), body.Name, body.Role)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "one-time link made", "for", body.Name, "role", body.Role, "by", callerOf(r.Context()).person.Name)
	writeJSON(w, http.StatusCreated, map[string]string{"path": "/sign-in#link=" + link})
	return nil
}

func (s *Server) handlePersonChange(w http.ResponseWriter, r *http.Request) error {
	var change PersonChange
	if err := s.decode(w, r, &change); err != nil {
		return err
	}
	if change == (PersonChange{}) {
		return &Failure{CodeBadRequest, "the change changes nothing"}
	}
	person, err := s.services.Access.ChangePerson(r.Context(), r.PathValue("id"), change)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "person changed", "name", person.Name, "role", person.Role, "disabled", person.Disabled, "by", callerOf(r.Context()).person.Name)
	writeJSON(w, http.StatusOK, person)
	return nil
}
