package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/quoll/quoll/access"
	"github.com/quoll/quoll/notify"
	"github.com/quoll/quoll/server"
)

// tokens is the server's view of access tokens.
type tokens struct{ store *access.Store }

// Tokens implements server.Tokens.
func (t tokens) Tokens(ctx context.Context) ([]server.Token, error) {
	all, err := t.store.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]server.Token, len(all))
	for i, one := range all {
		views[i] = viewToken(one)
	}
	return views, nil
}

// NewToken implements server.Tokens.
func (t tokens) NewToken(ctx context.Context, n server.NewToken) (*server.Token, string, error) {
	made, secret, err := t.store.NewToken(ctx, n.Name, access.Role(n.Role), n.Author, n.Expires)
	if err != nil {
		return nil, "", accessFailure(err, server.CodeForbidden)
	}
	view := viewToken(made)
	return &view, secret, nil
}

// RevokeToken implements server.Tokens.
func (t tokens) RevokeToken(ctx context.Context, id string) error {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return server.ErrNotFound
	}
	_, err = t.store.Revoke(ctx, number)
	return accessFailure(err, server.CodeForbidden)
}

// Bearer implements server.Tokens.
func (t tokens) Bearer(ctx context.Context, secret string) (*server.Token, error) {
	found, err := t.store.Bearer(ctx, secret)
	if err != nil {
		return nil, accessFailure(err, server.CodeUnauthorised)
	}
	view := viewToken(found)
	return &view, nil
}

func viewToken(t access.Token) server.Token {
	return server.Token{
		ID: strconv.FormatInt(t.ID, 10), Name: t.Name, Role: string(t.Role), Author: t.Author, Created: t.Created, Expires: moment(t.Expires), Used: moment(t.Used),
	}
}

// auditedTokens writes down who makes and revokes tokens, without their secrets.
type auditedTokens struct {
	tokens
	acts *acts
}

// NewToken implements server.Tokens.
func (a auditedTokens) NewToken(ctx context.Context, n server.NewToken) (*server.Token, string, error) {
	made, secret, err := a.tokens.NewToken(ctx, n)
	err = a.acts.done(ctx, act{operation: "Make access token", kind: "Access token", name: n.Name, description: "made an access token", properties: map[string]any{"Role": n.Role, "Expires": n.Expires}}, err)
	if err != nil {
		return nil, "", err
	}
	return made, secret, nil
}

// RevokeToken implements server.Tokens.
func (a auditedTokens) RevokeToken(ctx context.Context, id string) error {
	err := a.tokens.RevokeToken(ctx, id)
	return a.acts.done(ctx, act{operation: "Revoke access token", kind: "Access token", id: id, description: "revoked an access token"}, err)
}

// notifications is the server's view of whom incidents are told.
type notifications struct {
	notifier *notify.Notifier // nil: nobody
	acts     *acts
}

// shownDeliveries is how many of the newest deliveries are shown, and testPatience
// how long a test message may take.
const (
	shownDeliveries = 50
	testPatience    = 20 * time.Second
)

// Targets implements server.Notifications.
func (n notifications) Targets(ctx context.Context) (*server.NotificationState, error) {
	state := &server.NotificationState{}
	if n.notifier == nil {
		return state, nil
	}
	for _, t := range n.notifier.Targets() {
		state.Targets = append(state.Targets, server.NotificationTarget{
			Name: t.Name, Kind: t.Kind, Address: t.Address, To: t.To, Least: string(t.Least), OnlyNew: t.OnlyNew, PerHour: t.PerHour,
		})
	}
	log, err := n.notifier.Log(ctx, shownDeliveries)
	if err != nil {
		return nil, err
	}
	for _, d := range log {
		state.Deliveries = append(state.Deliveries, server.NotificationDelivery{
			Target: d.Target, State: d.State, Title: d.Title, Incident: d.Incident, Attempts: d.Attempts, Error: d.Error, Due: d.Due, Done: moment(d.Done),
		})
	}
	return state, nil
}

// TestTarget implements server.Notifications.
func (n notifications) TestTarget(ctx context.Context, name, by string) error {
	if n.notifier == nil {
		return server.ErrNotFound
	}
	limited, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	err := n.notifier.Test(limited, name, by)
	err = n.acts.done(ctx, act{operation: "Test notification", kind: "Notification target", name: name, description: "sent a test message"}, err)
	switch {
	case errors.Is(err, notify.ErrUnknownTarget):
		return server.ErrNotFound
	case err != nil:
		return &server.Failure{Code: server.CodeConflict, Message: "the message could not be sent: " + err.Error()}
	}
	return nil
}
