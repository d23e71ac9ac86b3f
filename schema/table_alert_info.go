package schema

import "github.com/quoll/quoll/kql/types"

// alertInfo has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func alertInfo() *Table {
	return newDefenderTable(AlertInfo, "Alerts of the Defender products.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the event.", "properties.Timestamp"},
		{"AlertId", types.String, "Id of the alert.", "properties.AlertId"},
		{"Title", types.String, "Title of the alert.", "properties.Title"},
		{"Category", types.String, "Threat kind, MITRE tactic style.", "properties.Category"},
		{"Severity", types.String, "High, Medium, Low or Informational.", "properties.Severity"},
		{"ServiceSource", types.String, "Product that raised the alert.", "properties.ServiceSource"},
		{"DetectionSource", types.String, "Sensor or technology that detected it.", "properties.DetectionSource"},
		{"AttackTechniques", types.String, "MITRE ATT&CK techniques, text.", "properties.AttackTechniques"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
