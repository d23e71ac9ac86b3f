package schema

import "github.com/quoll/quoll/kql/types"

// defenderEvents is Quoll's own table for streaming records that no other
// table takes: categories Quoll has no table for, and records whose properties
// do not have the expected shape.
func defenderEvents() *Table {
	return newDefenderTable(DefenderEvents, "Streaming records of Microsoft Defender XDR that have no table of their own, as they came.", []Column{
		{"TenantId", types.String, "GUID of the workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the event; the time of the envelope or of arrival when the event has none.", "properties.Timestamp | Timestamp | time"},
		{"Category", types.String, "Category of the envelope: AdvancedHunting- and the name of the hunting table.", "category"},
		{"OperationName", types.String, "Operation of the envelope; Publish in all records seen.", "operationName"},
		{"AADTenantId", types.String, "Entra tenant the record belongs to.", "tenantId"},
		{"ReportId", types.String, "Id of the event, unique together with category and time.", "properties.ReportId | ReportId"},
		{"Record", types.Dynamic, "The whole record with its envelope; the event is in Record.properties.", ""},
		{"SourceSystem", types.String, "Collector label: Quoll.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "Always True, as in the tables of Sentinel.", ""},
		{"_BilledSize", types.Real, "Size of the raw record in bytes.", ""},
	})
}
