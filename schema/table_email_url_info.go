package schema

import "github.com/quoll/quoll/kql/types"

// emailUrlInfo has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func emailUrlInfo() *Table {
	return newDefenderTable(EmailUrlInfo, "Links in mails and attachments.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"NetworkMessageId", types.String, "Microsoft 365 id of the mail; the join key between the mail tables.", "properties.NetworkMessageId"},
		{"ReportId", types.String, "Id of the event: NetworkMessageId, a hash and a counter joined by hyphens.", "properties.ReportId"},
		{"TimeGenerated", types.DateTime, "UTC time of the event (advanced hunting Timestamp).", "properties.Timestamp"},
		{"Url", types.String, "Full URL.", "properties.Url"},
		{"UrlLocation", types.String, "Part of the mail the URL was found in (Subject, Body, Attachment, QRCode, ...).", "properties.UrlLocation"},
		{"UrlDomain", types.String, "Host or domain of the URL.", "properties.UrlDomain"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
