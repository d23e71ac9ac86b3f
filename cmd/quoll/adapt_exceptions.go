package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/server"
)

// exceptionDesk is the server's view of exceptions.
type exceptionDesk struct {
	db    *sql.DB
	rules func() []*detect.Rule
	acts  *acts
	now   func() time.Time
}

func exceptionFailure(err error) error {
	switch {
	case errors.Is(err, detect.ErrUnknownException):
		return server.ErrNotFound
	case errors.Is(err, detect.ErrInvalidException):
		return &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	case errors.Is(err, detect.ErrSamePerson):
		return &server.Failure{Code: server.CodeConflict, Message: err.Error()}
	}
	return err
}

func (d exceptionDesk) view(e detect.Exception) server.Exception {
	return server.Exception{
		ID: strconv.FormatInt(e.ID, 10), Rule: e.RuleID, Kind: e.Kind, Value: e.Value, Why: e.Why, By: e.By, Created: e.At, Expires: e.Expires, Agreed: e.Agreed,
		Active: e.Expires.After(d.now()), Held: e.Held, LastHeld: moment(e.LastHeld),
	}
}

// Exceptions implements server.Exceptions.
func (d exceptionDesk) Exceptions(ctx context.Context) ([]server.Exception, error) {
	all, err := detect.Exceptions(ctx, d.db)
	if err != nil {
		return nil, err
	}
	var views []server.Exception
	for _, e := range all {
		views = append(views, d.view(e))
	}
	return views, nil
}

// Exception implements server.Exceptions.
func (d exceptionDesk) Exception(ctx context.Context, id string) (*server.Exception, error) {
	all, err := d.Exceptions(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(e server.Exception) bool { return e.ID == id })
	if i < 0 {
		return nil, server.ErrNotFound
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	held, err := detect.HeldBack(ctx, d.db, number)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		all[i].HeldBack = append(all[i].HeldBack, server.HeldBack{RuleID: h.RuleID, Name: h.Name, Entities: viewEntities(h.Entities), Rows: h.Rows, First: h.First, Last: h.Last})
	}
	return &all[i], nil
}

// AddException implements server.Exceptions.
func (d exceptionDesk) AddException(ctx context.Context, e server.Exception) (*server.Exception, error) {
	var id int64
	var err error
	if e.Rule != "" && !slices.ContainsFunc(d.rules(), func(r *detect.Rule) bool { return r.ID == e.Rule }) {
		err = &server.Failure{Code: server.CodeBadRequest, Message: "no rule has the id " + e.Rule}
	} else {
		id, err = detect.AddException(ctx, d.db, detect.Exception{RuleID: e.Rule, Kind: e.Kind, Value: e.Value, Why: e.Why, By: e.By, Expires: e.Expires}, d.now().UTC())
	}
	number := strconv.FormatInt(id, 10)
	what := act{operation: "Add exception", kind: "Exception", id: number, name: e.Value, description: e.Why, properties: map[string]any{"RuleId": e.Rule, "Kind": e.Kind, "Value": e.Value, "Expires": e.Expires}}
	if err := d.acts.done(ctx, what, exceptionFailure(err)); err != nil {
		return nil, err
	}
	return d.Exception(ctx, number)
}

// AgreeException implements server.Exceptions.
func (d exceptionDesk) AgreeException(ctx context.Context, id, actor string) (*server.Exception, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, server.ErrNotFound
	}
	err = exceptionFailure(detect.AgreeException(ctx, d.db, number, actor))
	if err := d.acts.done(ctx, act{operation: "Agree to exception", kind: "Exception", id: id, description: "agreed as the second person"}, err); err != nil {
		return nil, err
	}
	return d.Exception(ctx, id)
}

// RemoveException implements server.Exceptions.
func (d exceptionDesk) RemoveException(ctx context.Context, id, _ string) error {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return server.ErrNotFound
	}
	err = exceptionFailure(detect.RemoveException(ctx, d.db, number, d.now().UTC()))
	return d.acts.done(ctx, act{operation: "Remove exception", kind: "Exception", id: id, description: "ended an exception"}, err)
}
