package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Notebook keeps saved queries and bookmarks.
type Notebook interface {
	// Notes returns those that somebody sees, the newest first.
	Notes(ctx context.Context, who string) ([]Note, error)
	AddNote(ctx context.Context, n Note) (*Note, error)
	// RemoveNote takes away a note of who; ErrNotFound when there is none.
	RemoveNote(ctx context.Context, who, id string) error
}

// Note is a saved query or a bookmark.
type Note struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"` // query or bookmark
	Owner  string          `json:"owner"`
	Shared bool            `json:"shared"`
	Title  string          `json:"title"`
	Query  string          `json:"query"`
	Range  string          `json:"range,omitempty"` // as the UI words it
	Remark string          `json:"remark,omitempty"`
	Row    json.RawMessage `json:"row,omitempty"` // of a bookmark
	// Created is set by the notebook.
	Created time.Time `json:"created"`
}

func (s *Server) handleNotes(w http.ResponseWriter, r *http.Request) error {
	notes, err := s.services.Notebook.Notes(r.Context(), callerOf(r.Context()).person.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]Note{"notes": notNil(notes)})
	return nil
}

// noteBody is the body of POST /api/v1/notes.
type noteBody struct {
	Kind   string          `json:"kind"`
	Shared bool            `json:"shared"`
	Title  string          `json:"title"`
	Query  string          `json:"query"`
	Range  string          `json:"range"`
	Remark string          `json:"remark"`
	Row    json.RawMessage `json:"row"`
}

func (s *Server) handleNoteAdd(w http.ResponseWriter, r *http.Request) error {
	var b noteBody
	if err := s.decode(w, r, &b); err != nil {
		return err
	}
	kept, err := s.services.Notebook.AddNote(r.Context(), Note{
		Kind: b.Kind, Owner: callerOf(r.Context()).person.Name, Shared: b.Shared, Title: b.Title, Query: b.Query, Range: b.Range, Remark: b.Remark, Row: b.Row,
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, kept)
	return nil
}

func (s *Server) handleNoteRemove(w http.ResponseWriter, r *http.Request) error {
	if err := s.services.Notebook.RemoveNote(r.Context(), callerOf(r.Context()).person.Name, r.PathValue("id")); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
