package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/query"
)

// serverFile tells other commands which server has a data directory open. It
// lies in the directory while the server runs.
const serverFile = "server.json"

type serverNote struct {
	Address string `json:"address"`
	// Token is the bearer token of this run, for who may read the file.
	Token string `json:"token"`

	client *http.Client // nil: one of its own
	actor  string       // for whom a program asks
}

func writeServerNote(data string, note serverNote) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return durable.WriteFile(durable.OS{}, filepath.Join(data, serverFile), append(text, '\n'), 0o600)
}

func readServerNote(data string) (serverNote, error) {
	var note serverNote
	text, err := os.ReadFile(filepath.Join(data, serverFile))
	if err != nil {
		return note, fmt.Errorf("data directory %s is in use by another quoll process that serves no queries: stop it first", data)
	}
	if err := json.Unmarshal(text, &note); err != nil {
		return note, fmt.Errorf("read %s: %w", filepath.Join(data, serverFile), err)
	}
	return note, nil
}

// remoteAnswer is what the server's API answers; see docs/api.md.
type remoteAnswer struct {
	remoteTable
	More []remoteTable
}

// remoteTable is one table of an answer.
type remoteTable struct {
	Name       string
	Columns    []struct{ Name, Type string }
	Rows       [][]json.RawMessage
	Statistics struct {
		Truncated                  bool
		PartialFailure             string
		ElapsedMilliseconds        float64
		RowsScanned                int64
		FilesScanned, FilesSkipped int
	}
}

// askServer puts a question to the server that has the data directory open.
func askServer(ctx context.Context, data string, r query.Request) (*query.Result, error) {
	note, err := readServerNote(data)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"query": r.Text, "parameters": r.Parameters})
	if err != nil {
		return nil, err
	}
	var answer remoteAnswer
	if err := call(ctx, note, http.MethodPost, "/api/v1/query", body, &answer); err != nil {
		return nil, err
	}
	return answer.result()
}

// refusal is what the server says instead of an answer.
type refusal struct {
	Code, Message string
	Diagnostics   []struct {
		Message, Remedy string
		Line, Column    int
	}
}

func (r *refusal) Error() string {
	var b strings.Builder
	b.WriteString(r.Message)
	for _, d := range r.Diagnostics {
		fmt.Fprintf(&b, "\nline %d, column %d: %s", d.Line, d.Column, d.Message)
		if d.Remedy != "" {
			fmt.Fprintf(&b, "\n  %s", d.Remedy)
		}
	}
	return b.String()
}

// call asks the server and reads its answer into into, which may be nil. The error
// is a *refusal when the server said no, and a usage error when the question made
// no sense to it.
func call(ctx context.Context, note serverNote, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	response, err := send(ctx, note, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the answer of the server at %s: %w", note.Address, err)
	}
	return nil
}

// callFile asks the server for a file, however long that takes. Errors are as those
// of call.
func callFile(ctx context.Context, note serverNote, method, path string, body []byte) ([]byte, error) {
	response, err := send(ctx, note, method, path, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of the server at %s: %w", note.Address, err)
	}
	return data, nil
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 30

// send returns an answer whose body the caller closes. One that is not a success is
// an error.
func send(ctx context.Context, note serverNote, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, note.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if note.Token != "" {
		request.Header.Set("Authorization", "Bearer "+note.Token)
	}
	if note.actor != "" {
		request.Header.Set("X-Quoll-Actor", note.actor)
	}
	client := note.client
	if client == nil {
		// The server is on this machine, whatever address it has: a proxy of the
		// environment could not reach it, and would see the token.
		client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	if response.StatusCode < http.StatusBadRequest {
		return response, nil
	}
	defer response.Body.Close()
	var answer struct{ Error refusal }
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil || answer.Error.Message == "" {
		return nil, fmt.Errorf("ask the server at %s: status %s", note.Address, response.Status)
	}
	if response.StatusCode == http.StatusBadRequest {
		return nil, usageError(&answer.Error)
	}
	return nil, &answer.Error
}

// hereOrThere does something with a data directory, or asks the server that has it
// open.
func hereOrThere(ctx context.Context, data string, here func(*node) error, there func(serverNote) error) error {
	err := withNode(ctx, data, here)
	if !errors.Is(err, journal.ErrLocked) {
		return err
	}
	note, err := readServerNote(data)
	if err != nil {
		return err
	}
	return there(note)
}

func (a *remoteAnswer) result() (*query.Result, error) {
	result, err := a.table()
	if err != nil {
		return nil, err
	}
	for i := range a.More {
		further, err := a.More[i].table()
		if err != nil {
			return nil, err
		}
		result.More = append(result.More, further)
	}
	return result, nil
}

func (a *remoteTable) table() (*query.Result, error) {
	s := a.Statistics
	result := &query.Result{Name: a.Name, Truncated: s.Truncated, PartialFailure: s.PartialFailure}
	result.Statistics = query.Statistics{
		Execute:     time.Duration(s.ElapsedMilliseconds * float64(time.Millisecond)),
		RowsScanned: s.RowsScanned, FilesRead: s.FilesScanned, FilesPruned: s.FilesSkipped,
	}
	for _, c := range a.Columns {
		t, ok := types.ParseType(c.Type)
		if !ok {
			return nil, fmt.Errorf("the server gives column %s an unknown type %q", c.Name, c.Type)
		}
		result.Columns = append(result.Columns, query.Column{Name: c.Name, Type: t})
	}
	for _, cells := range a.Rows {
		row := make([]any, len(cells))
		for i, cell := range cells {
			row[i] = remoteCell(cell, result.Columns[i].Type)
		}
		result.Rows = append(result.Rows, row)
	}
	return result, nil
}

// remoteCell keeps dynamic values as JSON and gives everything else as text,
// a number or a boolean: what printing needs.
func remoteCell(cell json.RawMessage, t types.Type) any {
	if t == types.Dynamic && string(cell) != "null" {
		return cell
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(cell))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return string(cell)
	}
	return value
}
