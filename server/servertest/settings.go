package servertest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/server"
)

// Tokens implements server.Tokens.
func (c *Canned) Tokens(context.Context) ([]server.Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tokens), nil
}

// NewToken implements server.Tokens.
func (c *Canned) NewToken(_ context.Context, t server.NewToken) (*server.Token, string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.TrimSpace(t.Name) == "" {
		return nil, "", &server.Failure{Code: server.CodeBadRequest, Message: "a name has 1 to 128 bytes"}
	}
	c.made++
	made := server.Token{ID: strconv.Itoa(c.made), Name: t.Name, Role: t.Role, Author: t.Author, Created: c.clock().UTC()}
	if !t.Expires.IsZero() {
		made.Expires = &t.Expires
	}
	c.tokens = append(c.tokens, made)
	return &made, cannedSecret(made.ID), nil
}

// cannedSecret is invented, and as long as a real one.
func cannedSecret(id string) string { return "quoll_canned-secret-of-token-number-" + id }

// RevokeToken implements server.Tokens.
func (c *Canned) RevokeToken(_ context.Context, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.tokens, func(t server.Token) bool { return t.ID == id })
	if i < 0 {
		return server.ErrNotFound
	}
	c.tokens = slices.Delete(c.tokens, i, i+1)
	return nil
}

// Bearer implements server.Tokens.
func (c *Canned) Bearer(_ context.Context, secret string) (*server.Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.tokens {
		if cannedSecret(t.ID) == secret {
			return &t, nil
		}
	}
	return nil, server.ErrNotFound
}

// Targets implements server.Notifications: one that works, and one that does not.
func (c *Canned) Targets(context.Context) (*server.NotificationState, error) {
	now := c.clock().UTC()
	done := now.Add(-3 * 3600e9)
	return &server.NotificationState{
		Targets: []server.NotificationTarget{
			{Name: "soc", Kind: "webhook", Least: "Medium", PerHour: 60},
			{Name: "duty", Kind: "mail", Address: "mail.wattleworks.example:587", To: []string{"duty@wattleworks.example"}, Least: "High", OnlyNew: true, PerHour: 10},
		},
		Deliveries: []server.NotificationDelivery{
			{Target: "duty", State: "waiting", Title: "Business e-mail compromise of " + victim, Incident: 7, Attempts: 3, Error: "connection refused", Due: now.Add(120e9)},
			{Target: "soc", State: "delivered", Title: "Business e-mail compromise of " + victim, Incident: 7, Attempts: 1, Due: done, Done: &done},
		},
	}, nil
}

// TestTarget implements server.Notifications.
func (c *Canned) TestTarget(_ context.Context, name, _ string) error {
	switch name {
	case "soc":
		return nil
	case "duty":
		return &server.Failure{Code: server.CodeConflict, Message: "the message could not be sent: connect to mail.wattleworks.example:587: connection refused"}
	}
	return server.ErrNotFound
}
