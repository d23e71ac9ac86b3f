package builtin

import "strings"

// absent are the names that Kusto defines and Quoll does not have. Naming one
// is refused as "not supported", so that nobody looks for a typing mistake.
//
// Source: https://learn.microsoft.com/kusto/query/scalar-functions and the
// lists of aggregates, plugins and operators beside it.
const absent = `
ai_chat_completion
ai_embeddings autocluster azure_digital_twins_query_request
basket
cosmosdb_sql_request
dcount_intersect diffpatterns diffpatterns_text
external_table funnel_sequence funnel_sequence_completion
http_request http_request_post infer_storage_schema
ipv4_lookup
ipv6_lookup materialized_view mysql_request narrow
postgresql_request preview
python r rows_near
schema_merge sequence_detect
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
