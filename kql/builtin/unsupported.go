package builtin

import "strings"

// absent are the names that Kusto defines and Quoll does not have. Naming one
// is refused as "not supported", so that nobody looks for a typing mistake.
//
// Source: https://learn.microsoft.com/kusto/query/scalar-functions and the
// lists of aggregates, plugins and operators beside it.
const absent = `
ai_chat_completion
ai_embeddings azure_digital_twins_query_request
cosmosdb_sql_request
external_table
http_request http_request_post infer_storage_schema
materialized_view mysql_request
postgresql_request
python r
sql_request stored_query_result
user_agent
`

// Absent reports whether Kusto defines a function, aggregate or plugin of that
// name that Quoll does not have.
func (t *Table) Absent(name string) bool {
	if _, ok := t.byName[name]; ok {
		return false
	}
	for _, word := range strings.Fields(absent) {
		if word == name {
			return true
		}
	}
	return false
}
