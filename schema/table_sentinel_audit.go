package schema

import "github.com/quoll/quoll/kql/types"

// sentinelAudit has the columns of Sentinel's table of that name, which are those
// of SentinelHealth.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/sentinelaudit
func sentinelAudit() *Table {
	return newTable(SentinelAudit, "What people and Quoll did to Quoll: one row for each act.", []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the act.", ""},
		{"OperationName", types.String, "Sign in, Sign out, Set password, Invite person, Change person, Start backfill, Change incident or Start server.", ""},
		{"SentinelResourceId", types.String, "Id of what it was done to.", ""},
		{"SentinelResourceName", types.String, "Name of what it was done to.", ""},
		{"Status", types.String, "Success or Failure.", ""},
		{"Description", types.String, "What was done, in a sentence.", ""},
		{"Reason", types.String, "Why it failed; empty otherwise.", ""},
		{"WorkspaceId", types.String, "GUID of the workspace.", ""},
		{"SentinelResourceType", types.String, "Person, Session, Backfill, Incident or Server.", ""},
		{"SentinelResourceKind", types.String, "Empty: no kinds are told apart.", ""},
		{"RecordId", types.String, "Id of the row.", ""},
		{"CorrelationId", types.String, "Empty: one act is one row.", ""},
		{"ExtendedProperties", types.Dynamic, "CallerName, and what was changed.", ""},
		{"SourceSystem", types.String, "Always Quoll.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
	})
}
