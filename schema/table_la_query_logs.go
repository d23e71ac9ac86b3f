package schema

import "github.com/quoll/quoll/kql/types"

// laQueryLogs has columns of Log Analytics' table of that name: those that mean
// something here.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/laquerylogs
func laQueryLogs() *Table {
	return newTable(LAQueryLogs, "Queries that people asked of the server: one row for each.", []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time at which the query was asked.", ""},
		{"CorrelationId", types.String, "Id of the query.", ""},
		{"AADEmail", types.String, "Name with which who asked had signed in, or that of a token.", ""},
		{"AADObjectId", types.String, "Empty: people of Quoll are no objects of Entra.", ""},
		{"AADTenantId", types.String, "Empty, for the same reason.", ""},
		{"AADClientId", types.String, "Empty, for the same reason.", ""},
		{"RequestClientApp", types.String, "Always Quoll.", ""},
		{"QueryTimeRangeStart", types.DateTime, "Begin of the time range that was given beside the query, UTC; null without.", ""},
		{"QueryTimeRangeEnd", types.DateTime, "End of it.", ""},
		{"QueryText", types.String, "The query, as it was asked.", ""},
		{"RequestTarget", types.String, "The endpoint.", ""},
		{"RequestContext", types.Dynamic, "The workspaces.", ""},
		{"RequestContextFilters", types.Dynamic, "Values that were given for declare query_parameters.", ""},
		{"ResponseCode", types.Int, "HTTP status of the answer: 200, 400 for a mistake in the query, else 500.", ""},
		{"ResponseDurationMs", types.Real, "Milliseconds until the answer.", ""},
		{"ResponseRowCount", types.Int, "Rows of the answer.", ""},
		{"SourceSystem", types.String, "Always Quoll.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
	})
}
