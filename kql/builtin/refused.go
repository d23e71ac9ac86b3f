package builtin

import "strings"

// The reasons why functions of Kusto are missing on purpose.
const (
	needsNetwork = "a query reaches tables and nothing else, so no other service is asked"
	needsProgram = "a query runs no program but its own"
	needsCluster = "there is one workspace and no cluster"
	needsGraph   = "no graph is stored; make-graph makes one in the query"
	needsLookup  = "Defender asks its own cloud for it; join a watchlist or a table of what you know"
)

// refused says why a function, aggregate or plugin will not come.
func refused() map[string]string {
	reasons := map[string]string{}
	for reason, names := range map[string]string{
		needsNetwork: `ai_chat_completion ai_chat_completion_prompt ai_embeddings azure_digital_twins_query_request
			cosmosdb_sql_request http_request http_request_post infer_storage_schema
			infer_storage_schema_with_suggestions mysql_request postgresql_request sql_request external_table`,
		needsProgram: "python r",
		needsCluster: "cluster database materialized_view stored_query_result app workspace resource adx arg",
		needsGraph:   "graph",
		needsLookup:  "FileProfile DeviceFromIP AssignedIPAddresses SeenBy",
	} {
		for _, name := range strings.Fields(names) {
			reasons[name] = reason
		}
	}
	return reasons
}

// WhyAbsent returns why a function of Kusto or Defender can have no meaning
// here, or the empty string for one that is there or only missing.
func (t *Table) WhyAbsent(name string) string {
	if _, ok := t.byName[name]; ok {
		return ""
	}
	return refused()[name]
}
