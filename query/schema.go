package query

import (
	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/schema"
)

// Schema shows the tables of the schema to the binder.
type Schema struct {
	IngestionTime string // the column that ingestion_time() reads
}

// Table implements bind.Catalog.
func (s Schema) Table(name string) (*bind.Table, bool) {
	t, ok := schema.Lookup(name)
	if !ok {
		return nil, false
	}
	described := &bind.Table{Name: t.Name, Aliases: t.Aliases, IngestionTime: s.IngestionTime}
	for _, c := range t.Columns {
		described.Columns = append(described.Columns, bind.Column{Name: c.Name, Type: c.Type})
	}
	return described, true
}

// Names implements bind.Catalog.
func (Schema) Names() []string {
	var names []string
	for _, t := range schema.Tables() {
		names = append(names, t.Name)
	}
	return names
}

// Compile compiles the text of a query about these tables. Its errors are
// diagnostics with positions.
func (s Schema) Compile(text string, options bind.Options) (*plan.Statement, error) {
	return kql.CompileWith(text, s, options)
}
