package schema

import "github.com/quoll/quoll/kql/types"

// alertEvidence has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func alertEvidence() *Table {
	return newDefenderTable(AlertEvidence, "Files, addresses, users, mails and devices that Defender alerts are about.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the event.", "properties.Timestamp"},
		{"AlertId", types.String, "Id of the alert.", "properties.AlertId"},
		{"Title", types.String, "Title of the alert.", "properties.Title"},
		{"Categories", types.String, "Threat kinds, JSON array as text.", "properties.Categories"},
		{"AttackTechniques", types.String, "MITRE ATT&CK techniques, text.", "properties.AttackTechniques"},
		{"ServiceSource", types.String, "Product that raised the alert.", "properties.ServiceSource"},
		{"DetectionSource", types.String, "Sensor or technology that detected it.", "properties.DetectionSource"},
		{"EntityType", types.String, "Kind of evidence (User, Ip, File, MailMessage, ...).", "properties.EntityType"},
		{"EvidenceRole", types.String, "Impacted or Related.", "properties.EvidenceRole"},
		{"EvidenceDirection", types.String, "Source or destination of a connection.", "properties.EvidenceDirection"},
		{"FileName", types.String, "File name.", "properties.FileName"},
		{"FolderPath", types.String, "Folder of the file.", "properties.FolderPath"},
		{"SHA1", types.String, "SHA-1 of the file.", "properties.SHA1"},
		{"SHA256", types.String, "SHA-256 of the file.", "properties.SHA256"},
		{"FileSize", types.Long, "File size in bytes.", "properties.FileSize"},
		{"ThreatFamily", types.String, "Malware family.", "properties.ThreatFamily"},
		{"RemoteIP", types.String, "Remote address.", "properties.RemoteIP"},
		{"RemoteUrl", types.String, "Remote URL or name.", "properties.RemoteUrl"},
		{"AccountName", types.String, "Account name.", "properties.AccountName"},
		{"AccountDomain", types.String, "Account domain.", "properties.AccountDomain"},
		{"AccountSid", types.String, "Account SID.", "properties.AccountSid"},
		{"AccountObjectId", types.String, "Entra object id of the account.", "properties.AccountObjectId"},
		{"AccountUpn", types.String, "UPN of the account.", "properties.AccountUpn"},
		{"DeviceId", types.String, "Device id.", "properties.DeviceId"},
		{"DeviceName", types.String, "Device FQDN.", "properties.DeviceName"},
		{"LocalIP", types.String, "Local address.", "properties.LocalIP"},
		{"NetworkMessageId", types.String, "Id of the mail that is evidence.", "properties.NetworkMessageId"},
		{"EmailSubject", types.String, "Subject of that mail.", "properties.EmailSubject"},
		{"ApplicationId", types.Int, "Application id, number.", "properties.ApplicationId"},
		{"Application", types.String, "Application name.", "properties.Application"},
		{"OAuthApplicationId", types.String, "Id of an OAuth application.", "properties.OAuthApplicationId"},
		{"ProcessCommandLine", types.String, "Command line.", "properties.ProcessCommandLine"},
		{"AdditionalFields", types.Dynamic, "Further details; a JSON text on the wire.", "properties.AdditionalFields"},
		{"RegistryKey", types.String, "Registry key.", "properties.RegistryKey"},
		{"RegistryValueName", types.String, "Registry value name.", "properties.RegistryValueName"},
		{"RegistryValueData", types.String, "Registry value data.", "properties.RegistryValueData"},
		{"CloudPlatform", types.String, "Cloud platform of the resource.", "properties.CloudPlatform"},
		{"CloudResource", types.String, "Cloud resource name.", "properties.CloudResource"},
		{"Severity", types.String, "High, Medium, Low or Informational.", "properties.Severity"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
