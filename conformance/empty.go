package main

import (
	"errors"
	"regexp"
	"time"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// What the binder says of a name that it does not find.
var (
	noTable     = regexp.MustCompile(`^no table(?: or function)? "([^"]+)"`)
	noWatchlist = regexp.MustCompile(`^no watchlist "([^"]+)"`)
	noColumn    = regexp.MustCompile(`^no (?:column|name)[^"]* "([^"]+)"`)
)

// maxDeclared bounds the rounds of declare.
const maxDeclared = 200

// declare adds the tables and watchlists that a text lacks, empty, with the
// columns that it names. Their type is otherwise, where the name does not tell.
func (t *tables) declare(text string, otherwise types.Type, now time.Time) {
	for range maxDeclared {
		_, err := kql.CompileWith(text, t, t.options(now))
		var mistakes *source.Error
		if !errors.As(err, &mistakes) || !t.declareOne(mistakes.Diagnostics, otherwise) {
			return
		}
	}
}

// declareOne adds what one of the diagnostics asks for.
func (t *tables) declareOne(diagnostics []source.Diagnostic, otherwise types.Type) bool {
	for _, d := range diagnostics {
		if m := noTable.FindStringSubmatch(d.Message); m != nil && t.described[m[1]] == nil {
			if t.described[m[1]] = published()[m[1]]; t.described[m[1]] == nil {
				t.described[m[1]] = empty(m[1])
			}
			return true
		}
		if m := noWatchlist.FindStringSubmatch(d.Message); m != nil && t.lists[m[1]] == nil {
			t.lists[m[1]] = empty(m[1])
			return true
		}
		if m := noColumn.FindStringSubmatch(d.Message); m != nil && t.addColumn(m[1], otherwise) {
			return true
		}
	}
	return false
}

func empty(name string) *bind.Table {
	return &bind.Table{Name: name, Columns: []bind.Column{{Name: "TimeGenerated", Type: types.DateTime}, {Name: "SearchKey", Type: types.String}}}
}

// addColumn adds a column to every table that was declared.
func (t *tables) addColumn(name string, otherwise types.Type) (added bool) {
	for _, group := range []map[string]*bind.Table{t.described, t.lists} {
		for _, d := range group {
			if !isEmpty(d) || has(d, name) {
				continue
			}
			d.Columns = append(d.Columns, bind.Column{Name: name, Type: guess(name, otherwise)})
			added = true
		}
	}
	return added
}

var timeName = regexp.MustCompile(`(?i)time|date|until`)

// guess is the type of a column by its name.
func guess(name string, otherwise types.Type) types.Type {
	switch {
	case timeName.MatchString(name):
		return types.DateTime
	case name == "Type":
		return types.String
	}
	return otherwise
}

// beyond are what a query may lack besides tables: parsers that are functions,
// and files elsewhere.
var beyond = regexp.MustCompile(`\b(externaldata|_Im_\w+|_ASim_\w+|im[A-Z]\w+)\b`)

// declared are the tables that a query lacked: name and type of each column, in
// their order.
func (t *tables) declared() map[string][]string {
	all := map[string][]string{}
	for name, d := range t.described {
		if !isEmpty(d) {
			continue
		}
		for _, c := range d.Columns {
			all[name] = append(all[name], c.Name+":"+c.Type.String())
		}
	}
	return all
}

func isEmpty(d *bind.Table) bool { return len(d.Columns) > 1 && d.Columns[1].Name == "SearchKey" }

func has(d *bind.Table, name string) bool {
	for _, c := range d.Columns {
		if c.Name == name {
			return true
		}
	}
	return false
}
