package servertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/server"
)

// FirstLink is the secret of the one-time link of the canned administrator.
const FirstLink = "the-first-link"

// Access is canned people, who are there until the process ends. Passwords are
// kept as they are: they are invented, too.
type Access struct {
	clock server.Clock

	mu        sync.Mutex
	people    []server.Person
	passwords map[string]string // by id
	links     map[string]string // id by secret
	sessions  map[string]string // id by token
}

// NewAccess has one administrator, who comes by FirstLink.
func NewAccess(clock server.Clock) *Access {
	a := &Access{clock: clock, passwords: map[string]string{}, links: map[string]string{FirstLink: "1"}, sessions: map[string]string{}}
	a.people = []server.Person{{ID: "1", Name: "administrator", Role: server.RoleAdministrator, Created: clock().UTC()}}
	return a
}

func (a *Access) person(id string) *server.Person {
	i := slices.IndexFunc(a.people, func(p server.Person) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &a.people[i]
}

func (a *Access) begin(id string) (*server.SignedIn, error) {
	p := a.person(id)
	if p == nil || p.Disabled {
		return nil, &server.Failure{Code: server.CodeUnauthorised, Message: "name or password is wrong, or the link was used"}
	}
	now := a.clock().UTC()
	p.Seen = &now
	token := fmt.Sprintf("session-%d", len(a.sessions)+1)
	a.sessions[token] = id
	return &server.SignedIn{Token: token, Expires: now.Add(time.Hour), Person: *p}, nil
}

// SignIn implements server.Access.
func (a *Access) SignIn(_ context.Context, name, password string) (*server.SignedIn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.people {
		if strings.EqualFold(p.Name, name) && password != "" && a.passwords[p.ID] == password {
			return a.begin(p.ID)
		}
	}
	return a.begin("")
}

// Redeem implements server.Access.
func (a *Access) Redeem(_ context.Context, link string) (*server.SignedIn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.links[link]
	delete(a.links, link)
	return a.begin(id)
}

// Who implements server.Access.
func (a *Access) Who(_ context.Context, token string) (*server.Person, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.person(a.sessions[token])
	if p == nil || p.Disabled {
		return nil, server.ErrNotFound
	}
	found := *p
	return &found, nil
}

// SignOut implements server.Access.
func (a *Access) SignOut(_ context.Context, token string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, token)
	return nil
}

// SetPassword implements server.Access.
func (a *Access) SetPassword(_ context.Context, token, current, next string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := a.sessions[token]
	if len(next) < 12 {
		return &server.Failure{Code: server.CodeBadRequest, Message: "a password has at least 12 characters"}
	}
	if known := a.passwords[id]; known != "" && known != current {
		return &server.Failure{Code: server.CodeForbidden, Message: "the present password is another"}
	}
	a.passwords[id] = next
	a.person(id).PasswordSet = true
	return nil
}

// People implements server.Access.
func (a *Access) People(context.Context) ([]server.Person, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.people), nil
}

// Invite implements server.Access.
func (a *Access) Invite(_ context.Context, name, role string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := fmt.Sprint(len(a.people) + 1)
	a.people = append(a.people, server.Person{ID: id, Name: name, Role: role, Created: a.clock().UTC()})
	link := "link-" + id
	a.links[link] = id
	return link, nil
}

// ChangePerson implements server.Access.
func (a *Access) ChangePerson(_ context.Context, id string, c server.PersonChange) (*server.Person, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.person(id)
	if p == nil {
		return nil, server.ErrNotFound
	}
	if p.ID == "1" {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "somebody must stay administrator"}
	}
	if c.Role != nil {
		p.Role = *c.Role
	}
	if c.Disabled != nil {
		p.Disabled = *c.Disabled
	}
	changed := *p
	return &changed, nil
}
