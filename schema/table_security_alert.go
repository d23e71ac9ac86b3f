package schema

import "github.com/quoll/quoll/kql/types"

// securityAlert has the columns of Sentinel's table of that name. Quoll writes
// one row each time an alert is raised or changes.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityalert
func securityAlert() *Table {
	return newTable(SecurityAlert, "Alerts of Quoll's rules: one row for each alert and each change of it.", []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time at which the alert was raised or changed.", ""},
		{"DisplayName", types.String, "Name of the alert as people see it.", ""},
		{"AlertName", types.String, "Name of the alert.", ""},
		{"AlertSeverity", types.String, "High, Medium, Low or Informational.", ""},
		{"Description", types.String, "What the alert means.", ""},
		{"ProviderName", types.String, "Always Quoll.", ""},
		{"VendorName", types.String, "Always Quoll.", ""},
		{"VendorOriginalId", types.String, "Id of the alert at its provider.", ""},
		{"SystemAlertId", types.String, "Id of the alert.", ""},
		{"ResourceId", types.String, "Empty: Quoll's alerts are about no Azure resource.", ""},
		{"SourceComputerId", types.String, "Empty: no agent's machine.", ""},
		{"AlertType", types.String, "Id of the rule behind the workspace's.", ""},
		{"ConfidenceLevel", types.String, "Empty: rules give no confidence.", ""},
		{"ConfidenceScore", types.Real, "Null: rules give no confidence.", ""},
		{"IsIncident", types.Bool, "Always false: incidents are in SecurityIncident.", ""},
		{"StartTime", types.DateTime, "UTC time of the first event.", ""},
		{"EndTime", types.DateTime, "UTC time of the last event.", ""},
		{"ProcessingEndTime", types.DateTime, "The watermark: UTC ingestion time up to which rows had been seen.", ""},
		{"RemediationSteps", types.String, "What to do, where the rule says it.", ""},
		{"ExtendedProperties", types.String, "JSON: the query, its span and its count of rows, the rule, its version, custom details.", ""},
		{"Entities", types.String, "JSON array of the entities.", ""},
		{"SourceSystem", types.String, "Always Detection.", ""},
		{"WorkspaceSubscriptionId", types.String, "Empty: no Azure subscription.", ""},
		{"WorkspaceResourceGroup", types.String, "Empty: no Azure resource group.", ""},
		{"ExtendedLinks", types.String, "Further links, JSON.", ""},
		{"ProductName", types.String, "Quoll, or what the rule says.", ""},
		{"ProductComponentName", types.String, "Scheduled Alerts or NRT Alerts, or what the rule says.", ""},
		{"AlertLink", types.String, "Link that the rule gives.", ""},
		{"Status", types.String, "New, or that of the incident when it was closed.", ""},
		{"CompromisedEntity", types.String, "The first account or mailbox.", ""},
		{"Tactics", types.String, "MITRE ATT&CK tactics, with commas.", ""},
		{"Techniques", types.String, "MITRE ATT&CK techniques, JSON array.", ""},
		{"SubTechniques", types.String, "MITRE ATT&CK sub-techniques, JSON array.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
	})
}

// securityIncident has the columns of Sentinel's table of that name. Quoll
// writes one row when an incident is made and one for each change.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityincident
func securityIncident() *Table {
	return newTable(SecurityIncident, "Incidents: one row for each, and one for each change of it.", []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the change that the row tells.", ""},
		{"IncidentName", types.String, "Id of the incident.", ""},
		{"Title", types.String, "Title of the incident.", ""},
		{"Description", types.String, "Description of the incident.", ""},
		{"Severity", types.String, "High, Medium, Low or Informational.", ""},
		{"Status", types.String, "New, Active or Closed.", ""},
		{"Classification", types.String, "TruePositive, BenignPositive, FalsePositive or Undetermined.", ""},
		{"ClassificationComment", types.String, "Why it was closed, in words.", ""},
		{"ClassificationReason", types.String, "Why it was closed, from Sentinel's list.", ""},
		{"Owner", types.Dynamic, "Who works on it.", ""},
		{"ProviderName", types.String, "Always Quoll.", ""},
		{"ProviderIncidentId", types.String, "Number of the incident, as text.", ""},
		{"FirstActivityTime", types.DateTime, "UTC time of the first event.", ""},
		{"LastActivityTime", types.DateTime, "UTC time of the last event.", ""},
		{"FirstModifiedTime", types.DateTime, "UTC time of the first change.", ""},
		{"LastModifiedTime", types.DateTime, "UTC time of this change.", ""},
		{"CreatedTime", types.DateTime, "UTC time at which the incident was made.", ""},
		{"ClosedTime", types.DateTime, "UTC time at which it was closed; null while it is open.", ""},
		{"IncidentNumber", types.Int, "Number of the incident.", ""},
		{"RelatedAnalyticRuleIds", types.Dynamic, "Ids of the rules behind its alerts.", ""},
		{"AlertIds", types.Dynamic, "Ids of its alerts: SystemAlertId in SecurityAlert.", ""},
		{"BookmarkIds", types.Dynamic, "Empty list: there are no bookmarks.", ""},
		{"Comments", types.Dynamic, "Comments up to then.", ""},
		{"Tasks", types.Dynamic, "Empty list: there are no tasks.", ""},
		{"Labels", types.Dynamic, "Tags.", ""},
		{"IncidentUrl", types.String, "Where the incident is to be seen.", ""},
		{"AdditionalData", types.Dynamic, "Counts of alerts and comments, tactics, techniques.", ""},
		{"ModifiedBy", types.String, "Who made the change; Quoll where nobody did.", ""},
		{"SourceSystem", types.String, "Always Quoll.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
	})
}
