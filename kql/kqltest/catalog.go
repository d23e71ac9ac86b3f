package kqltest

import "github.com/quoll/quoll/kql/bind"

// ingestionTime is the hidden column that ingestion_time() reads.
const ingestionTime = "quoll_ingestion_time"

// catalog shows a script's tables to the binder. A later table hides an earlier
// one of the same name.
type catalog struct{ tables []Table }

// NewCatalog shows tables to the binder as a script's tables are shown.
func NewCatalog(tables []Table) bind.Catalog { return catalog{tables} }

// Table implements bind.Catalog.
func (c catalog) Table(name string) (*bind.Table, bool) {
	table, ok := Find(c.tables, name)
	if !ok {
		return nil, false
	}
	described := &bind.Table{Name: name}
	aliased := false
	for _, column := range table.Columns {
		switch column.Name {
		case ingestionTime:
			described.IngestionTime = ingestionTime
			continue
		case "TimeGenerated":
			described.Aliases = map[string]string{"Timestamp": "TimeGenerated"}
		case "Timestamp":
			aliased = true
		}
		described.Columns = append(described.Columns, bind.Column{Name: column.Name, Type: column.Type})
	}
	if aliased {
		described.Aliases = nil
	}
	return described, true
}

// Names implements bind.Catalog.
func (c catalog) Names() []string {
	names := make([]string, len(c.tables))
	for i, table := range c.tables {
		names[i] = table.Name
	}
	return names
}

// Find returns the last of the tables with a name.
func Find(tables []Table, name string) (Table, bool) {
	for i := len(tables) - 1; i >= 0; i-- {
		if tables[i].Name == name {
			return tables[i], true
		}
	}
	return Table{}, false
}
