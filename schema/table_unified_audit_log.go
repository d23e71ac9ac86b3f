package schema

import "github.com/quoll/quoll/kql/types"

// unifiedAuditLog is Quoll's own table, under Microsoft's field names: the
// common schema of audit records as columns, and the whole record as dynamic,
// so that no record of any workload is without a table.
func unifiedAuditLog() *Table {
	return newTable(UnifiedAuditLog, "Every audit record of every workload: the common fields as columns, the whole record as dynamic.", auditColumns())
}

// unifiedAuditLogRevisions keeps what came under the identity of a record that
// was already there, with other content.
func unifiedAuditLogRevisions() *Table {
	return newTable(UnifiedAuditLogRevisions, "Audit records that arrived again under the same Id with other content. The first one seen is in UnifiedAuditLog.", auditColumns())
}

func auditColumns() []Column {
	return []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the audited action; the time of arrival when the record has none that can be read.", "CreationTime"},
		{"Id", types.String, "Id of the record.", "Id"},
		{"RecordType", types.Long, "Number of the record type.", "RecordType"},
		{"RecordTypeName", types.String, "Name of the record type; its digits when the number has no known name.", "RecordType"},
		{"Operation", types.String, "Operation or cmdlet.", "Operation"},
		{"OrganizationId", types.String, "Entra tenant of the organisation.", "OrganizationId"},
		{"UserType", types.Long, "Number of the kind of actor.", "UserType"},
		{"UserTypeName", types.String, "Name of the kind of actor: Regular, Admin, System, Application, ...", "UserType"},
		{"UserKey", types.String, "Second id of the actor.", "UserKey"},
		{"UserId", types.String, "UPN of the actor, or a system account.", "UserId"},
		{"Workload", types.String, "Service in which the action took place.", "Workload"},
		{"ResultStatus", types.String, "Whether the action succeeded, in the words of the workload.", "ResultStatus"},
		{"ObjectId", types.String, "Object acted on: a URL, a mailbox, an Entra object.", "ObjectId"},
		{"ClientIP", types.String, "Address of the client, verbatim, port and brackets included; of a record that has none by this name, as those of mailboxes, its ClientIPAddress.", "ClientIP | ClientIPAddress"},
		{"Scope", types.Long, "0 for the service in the cloud, 1 for on-premises.", "Scope"},
		{"AppAccessContext", types.Dynamic, "Token and application context.", "AppAccessContext"},
		{"Version", types.Long, "Version of the record's schema.", "Version"},
		{"ContentType", types.String, "Content type of the feed the record came by (Audit.Exchange, ...), or would have, where a search of the past brought it; empty when unknown.", ""},
		{"Record", types.Dynamic, "The whole record.", ""},
		{"SourceSystem", types.String, "Collector label: Quoll.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "Always True, as in the tables of Sentinel.", ""},
		{"_BilledSize", types.Real, "Size of the raw record in bytes.", ""},
	}
}
