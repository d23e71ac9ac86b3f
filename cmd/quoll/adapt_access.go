package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/quoll/quoll/access"
	"github.com/quoll/quoll/server"
)

// people is the server's view of who may do what.
type people struct{ store *access.Store }

// SignIn implements server.Access.
func (p people) SignIn(ctx context.Context, name, password string) (*server.SignedIn, error) {
	return signedIn(p.store.SignIn(ctx, name, password))
}

// Redeem implements server.Access.
func (p people) Redeem(ctx context.Context, link string) (*server.SignedIn, error) {
	return signedIn(p.store.Redeem(ctx, link))
}

func signedIn(s access.Session, err error) (*server.SignedIn, error) {
	if err != nil {
		return nil, accessFailure(err, server.CodeUnauthorised)
	}
	return &server.SignedIn{Token: s.Token, Expires: s.Expires, Person: viewPerson(s.Person)}, nil
}

// Who implements server.Access.
func (p people) Who(ctx context.Context, token string) (*server.Person, error) {
	person, err := p.store.Who(ctx, token)
	if err != nil {
		return nil, accessFailure(err, server.CodeUnauthorised)
	}
	view := viewPerson(person)
	return &view, nil
}

// SignOut implements server.Access.
func (p people) SignOut(ctx context.Context, token string) error { return p.store.SignOut(ctx, token) }

// SetPassword implements server.Access.
func (p people) SetPassword(ctx context.Context, token, current, next string) error {
	person, err := p.store.Who(ctx, token)
	if err == nil {
		err = p.store.SetPassword(ctx, person.ID, token, current, next)
	}
	if errors.Is(err, access.ErrRefused) {
		return &server.Failure{Code: server.CodeForbidden, Message: "the present password is another"}
	}
	return accessFailure(err, server.CodeForbidden)
}

// People implements server.Access.
func (p people) People(ctx context.Context) ([]server.Person, error) {
	all, err := p.store.People(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]server.Person, len(all))
	for i, person := range all {
		views[i] = viewPerson(person)
	}
	return views, nil
}

// Invite implements server.Access.
func (p people) Invite(ctx context.Context, name, role string) (string, error) {
	link, err := p.store.Link(ctx, name, access.Role(role))
	return link, accessFailure(err, server.CodeForbidden)
}

// ChangePerson implements server.Access.
func (p people) ChangePerson(ctx context.Context, id string, c server.PersonChange) (*server.Person, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	changed, err := p.store.Change(ctx, number, access.Change{Role: (*access.Role)(c.Role), Disabled: c.Disabled})
	if err != nil {
		return nil, accessFailure(err, server.CodeForbidden)
	}
	view := viewPerson(changed)
	return &view, nil
}

func viewPerson(p access.Person) server.Person {
	return server.Person{
		ID: strconv.FormatInt(p.ID, 10), Name: p.Name, Role: string(p.Role), Disabled: p.Disabled,
		PasswordSet: p.HasPassword, Created: p.Created, Seen: moment(p.Seen),
	}
}

// accessFailure gives an error the code that the API has for it; refused is that
// of a wrong secret.
func accessFailure(err error, refused string) error {
	switch {
	case errors.Is(err, access.ErrRefused):
		return &server.Failure{Code: refused, Message: access.ErrRefused.Error()}
	case errors.Is(err, access.ErrTooMany):
		return &server.Failure{Code: server.CodeTooMany, Message: access.ErrTooMany.Error()}
	case errors.Is(err, access.ErrUnknown):
		return server.ErrNotFound
	case errors.Is(err, access.ErrInvalid):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	case errors.Is(err, access.ErrLastAdministrator):
		return &server.Failure{Code: server.CodeConflict, Message: access.ErrLastAdministrator.Error()}
	}
	return err
}
