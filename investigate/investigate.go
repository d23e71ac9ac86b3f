// Package investigate says what somebody who had an account could see and do: the
// mailbox exposure report, over a span of time, a session or an address.
//
// It must not know which engine answers nor who asks. What it asks are the
// queries beside it, which anybody can run alone.
package investigate

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/quoll/quoll/query"
)

//go:embed queries/*.kql
var queries embed.FS

//go:embed report.html
var page string

// Subject is whom a report is about, and what of it.
type Subject struct {
	User     string    `json:"user"` // user principal name
	From     time.Time `json:"from"` // UTC
	To       time.Time `json:"to"`   // exclusive
	Session  string    `json:"session,omitempty"`
	Address  string    `json:"address,omitempty"`
	Prepared time.Time `json:"prepared"`
}

// Report is what was found. Every section has the query that brings it back and a
// hash of its rows, so that two people can tell whether they saw the same.
type Report struct {
	Subject  Subject   `json:"subject"`
	Sections []Section `json:"sections"`
	// SHA256 is over the hashes of the sections, in order.
	SHA256 string `json:"sha256"`
}

// Section is one part of a report.
type Section struct {
	Title   string              `json:"title"`
	Says    string              `json:"says"` // what its rows are
	Query   string              `json:"query"`
	Columns []string            `json:"columns"`
	Rows    [][]json.RawMessage `json:"rows"`
	// Truncated says that there were more rows than an answer may have.
	Truncated bool `json:"truncated,omitempty"`
	// SHA256 is over columns and rows as JSON.
	SHA256 string `json:"sha256"`
}

// Ask answers a query.
type Ask func(ctx context.Context, r query.Request) (*query.Result, error)

// Prepare asks for every section of a report, one after another. progress, which
// may be nil, hears how many are done, of how many.
func Prepare(ctx context.Context, s Subject, ask Ask, progress func(done, total int)) (*Report, error) {
	names, err := fs.Glob(queries, "queries/*.kql")
	if err != nil {
		return nil, err
	}
	report := &Report{Subject: s}
	whole := sha256.New()
	for i, name := range names {
		if progress != nil {
			progress(i, len(names))
		}
		section, err := prepare(ctx, s, name, ask)
		if err != nil {
			return nil, fmt.Errorf("investigate %s: %s: %w", s.User, path.Base(name), err)
		}
		whole.Write([]byte(section.SHA256))
		report.Sections = append(report.Sections, *section)
	}
	report.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return report, nil
}

func prepare(ctx context.Context, s Subject, name string, ask Ask) (*Section, error) {
	text, err := queries.ReadFile(name)
	if err != nil {
		return nil, err
	}
	head, _, _ := strings.Cut(strings.TrimPrefix(string(text), "// "), "\n")
	section := &Section{Query: string(text), Rows: [][]json.RawMessage{}}
	section.Title, section.Says, _ = strings.Cut(head, "|")
	result, err := ask(ctx, query.Request{Text: section.Query, Parameters: map[string]string{
		"user": s.User, "since": s.From.UTC().Format(time.RFC3339Nano), "until": s.To.UTC().Format(time.RFC3339Nano), "session": s.Session, "address": s.Address,
	}})
	if err != nil {
		return nil, err
	}
	section.Truncated = result.Truncated
	for _, c := range result.Columns {
		section.Columns = append(section.Columns, c.Name)
	}
	for _, row := range result.Rows {
		cells := make([]json.RawMessage, len(row))
		for i, value := range row {
			if cells[i], err = cell(value); err != nil {
				return nil, err
			}
		}
		section.Rows = append(section.Rows, cells)
	}
	body, err := json.Marshal(struct {
		Columns []string
		Rows    [][]json.RawMessage
	}{section.Columns, section.Rows})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	section.SHA256 = hex.EncodeToString(sum[:])
	return section, nil
}

// cell gives a value as JSON: times with seven digits, whoever answered.
func cell(value any) (json.RawMessage, error) {
	switch v := value.(type) {
	case time.Time:
		value = v.UTC().Format("2006-01-02T15:04:05.0000000Z")
	case json.RawMessage:
		if !json.Valid(v) {
			value = string(v)
		}
	}
	return json.Marshal(value)
}

// plain is a cell for people to read.
func plain(cell json.RawMessage) string {
	var text string
	var list []any
	switch {
	case string(cell) == "null":
		return ""
	case json.Unmarshal(cell, &text) == nil:
		return text
	case json.Unmarshal(cell, &list) == nil:
		parts := make([]string, len(list))
		for i, one := range list {
			parts[i] = fmt.Sprint(one)
		}
		return strings.Join(parts, ", ")
	}
	return string(cell)
}

// HTML writes the report as one page that needs nothing else.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{"plain": plain}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}
