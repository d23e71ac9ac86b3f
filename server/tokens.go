package server

import (
	"context"
	"net/http"
	"time"
)

// Tokens are what programs show instead of a person's session.
type Tokens interface {
	Tokens(ctx context.Context) ([]Token, error)
	// NewToken returns the token and its secret, which nothing returns again.
	NewToken(ctx context.Context, t NewToken) (*Token, string, error)
	// RevokeToken ends it at once; ErrNotFound when the id is unknown.
	RevokeToken(ctx context.Context, id string) error
	// Bearer returns the token of a secret; ErrNotFound when there is none, or it
	// has ended.
	Bearer(ctx context.Context, secret string) (*Token, error)
}

// Token is an access token without its secret.
type Token struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Role    string     `json:"role"`
	Author  string     `json:"author"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"` // null: never
	Used    *time.Time `json:"used"`    // to the minute; null: never
}

// NewToken is what somebody says of a token.
type NewToken struct {
	Name, Role, Author string
	Expires            time.Time // zero: never
}

func (s *Server) handleTokens(w http.ResponseWriter, r *http.Request) error {
	all, err := s.services.Tokens.Tokens(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Token{"tokens": notNil(all)})
	return nil
}

func (s *Server) handleTokenAdd(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name    string     `json:"name"`
		Role    string     `json:"role"`
		Expires *time.Time `json:"expires"`
	}
	if err := s.decode(w, r, &body); err != nil {
		return err
	}
	wanted := NewToken{Name: body.Name, Role: body.Role, Author: callerOf(r.Context()).person.Name}
	if body.Expires != nil {
		wanted.Expires = body.Expires.UTC()
	}
	made, secret, err := s.services.Tokens.NewToken(r.Context(), wanted)
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "access token made", "name", made.Name, "role", made.Role, "by", wanted.Author)
	writeJSON(w, http.StatusCreated, struct {
		Token
		Secret string `json:"secret"`
	}{*made, secret})
	return nil
}

func (s *Server) handleTokenRevoke(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Tokens.RevokeToken(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "access token revoked", "id", r.PathValue("id"), "by", callerOf(r.Context()).person.Name)
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
