package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/quoll/quoll/notebook"
	"github.com/quoll/quoll/server"
)

// notes is the server's view of the notebook.
type notes struct{ store *notebook.Store }

// Notes implements server.Notebook.
func (n notes) Notes(ctx context.Context, who string) ([]server.Note, error) {
	all, err := n.store.List(ctx, who)
	if err != nil {
		return nil, err
	}
	views := make([]server.Note, len(all))
	for i, note := range all {
		views[i] = viewNote(note)
	}
	return views, nil
}

// AddNote implements server.Notebook.
func (n notes) AddNote(ctx context.Context, v server.Note) (*server.Note, error) {
	kept, err := n.store.Add(ctx, notebook.Note{Kind: v.Kind, Owner: v.Owner, Shared: v.Shared, Title: v.Title, Query: v.Query, Range: v.Range, Remark: v.Remark, Row: v.Row})
	if errors.Is(err, notebook.ErrInvalid) {
		return nil, &server.Failure{Code: server.CodeBadRequest, Message: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	view := viewNote(kept)
	return &view, nil
}

// RemoveNote implements server.Notebook.
func (n notes) RemoveNote(ctx context.Context, who, id string) error {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return server.ErrNotFound
	}
	err = n.store.Remove(ctx, who, number)
	if errors.Is(err, notebook.ErrUnknown) {
		return server.ErrNotFound
	}
	return err
}

func viewNote(n notebook.Note) server.Note {
	return server.Note{
		ID: strconv.FormatInt(n.ID, 10), Kind: n.Kind, Owner: n.Owner, Shared: n.Shared, Title: n.Title, Query: n.Query, Range: n.Range,
		Remark: n.Remark, Row: n.Row, Created: n.Created,
	}
}
