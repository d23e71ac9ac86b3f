package main

import (
	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/schema"
)

// tables is the catalogue of the schema, for the binder.
type tables struct{}

func (tables) Table(name string) (*bind.Table, bool) {
	t, ok := schema.Lookup(name)
	if !ok {
		return nil, false
	}
	described := &bind.Table{Name: t.Name, Aliases: t.Aliases, IngestionTime: lake.ColumnIngestionTime}
	for _, c := range t.Columns {
		described.Columns = append(described.Columns, bind.Column{Name: c.Name, Type: c.Type})
	}
	return described, true
}

func (tables) Names() []string {
	var names []string
	for _, t := range schema.Tables() {
		names = append(names, t.Name)
	}
	return names
}

func compile(text string, options bind.Options) (*plan.Statement, error) {
	return kql.CompileWith(text, tables{}, options)
}
