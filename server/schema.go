package server

import "net/http"

// Schema is what can be queried: tables, saved functions, and the functions and
// operators of the language that Quoll has.
type Schema struct {
	// Database is the name that the editor shows and completes for the whole.
	Database  string     `json:"database"`
	Tables    []Table    `json:"tables"`
	Functions []Function `json:"functions"`
}

// Table is a table that a query can name.
type Table struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Category groups tables in the browser: "Audit", "Email", …
	Category string `json:"category"`
	// TimeColumn is the column that the time range of a query bounds.
	TimeColumn string   `json:"timeColumn"`
	Columns    []Column `json:"columns"`
	// Aliases are further names of columns: alias to column.
	Aliases map[string]string `json:"aliases,omitempty"`
}

// Column is a column of a table; Type is its Kusto type.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
}

// Function is a function that a query can call.
type Function struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Kind is scalar, aggregate, tabular, plugin or saved. The editor knows the
	// language's own functions; only saved ones are taught to it.
	Kind       string      `json:"kind"`
	Parameters []Parameter `json:"parameters"`
	// Result is the Kusto type of a scalar result, or empty.
	Result string `json:"result,omitempty"`
	// Body is the text of a saved function, in braces, or empty.
	Body string `json:"body,omitempty"`
	// Example is a query that shows the function, or empty.
	Example string `json:"example,omitempty"`
}

// Parameter is a parameter of a function.
type Parameter struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional,omitempty"`
	// Default is the literal that stands for an argument left out.
	Default string `json:"default,omitempty"`
}

func (s *Server) handleSchema(w http.ResponseWriter, r *http.Request) error {
	if s.services.Catalogue == nil {
		return unavailable("queries")
	}
	schema, err := s.services.Catalogue.Schema(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, schema)
	return nil
}
