package schema

import "github.com/quoll/quoll/kql/types"

// sentinelHealth has the columns of Sentinel's table of that name.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/sentinelhealth
func sentinelHealth() *Table {
	return newTable(SentinelHealth, "How rules fare: one row when the state of a rule changes, and one an hour.", []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the row.", ""},
		{"OperationName", types.String, "Scheduled analytics rule run, NRT analytics rule run, or Analytics rule disabled.", ""},
		{"SentinelResourceId", types.String, "Id of the rule.", ""},
		{"SentinelResourceName", types.String, "Name of the rule.", ""},
		{"Status", types.String, "Success, Failure or Informational.", ""},
		{"Description", types.String, "What happened, in a sentence.", ""},
		{"Reason", types.String, "Why it failed; empty otherwise.", ""},
		{"WorkspaceId", types.String, "GUID of the workspace.", ""},
		{"SentinelResourceType", types.String, "Analytics Rule.", ""},
		{"SentinelResourceKind", types.String, "Scheduled or NRT.", ""},
		{"RecordId", types.String, "Id of the row.", ""},
		{"CorrelationId", types.String, "Empty: one run is one row.", ""},
		{"ExtendedProperties", types.Dynamic, "Window, rows, hits, lag, runs, by whom and when it was disabled.", ""},
		{"SourceSystem", types.String, "Always Quoll.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
	})
}
