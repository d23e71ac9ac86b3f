package schema

import "github.com/quoll/quoll/kql/types"

// emailAttachmentInfo has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func emailAttachmentInfo() *Table {
	return newDefenderTable(EmailAttachmentInfo, "Attachments of mails.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"FileName", types.String, "Attachment file name.", "properties.FileName"},
		{"FileType", types.String, "Attachment type; live data can hold a list such as txt;text.", "properties.FileType"},
		{"NetworkMessageId", types.String, "Microsoft 365 id of the mail; the join key between the mail tables.", "properties.NetworkMessageId"},
		{"RecipientEmailAddress", types.String, "Recipient address after list expansion.", "properties.RecipientEmailAddress"},
		{"RecipientObjectId", types.String, "Entra object id of the recipient.", "properties.RecipientObjectId"},
		{"ReportId", types.String, "Id of the event: NetworkMessageId, a hash and a counter joined by hyphens.", "properties.ReportId"},
		{"SHA256", types.String, "SHA-256 of the attachment.", "properties.SHA256"},
		{"SenderDisplayName", types.String, "Display name of the sender.", "properties.SenderDisplayName"},
		{"SenderObjectId", types.String, "Entra object id of the sender.", "properties.SenderObjectId"},
		{"ThreatTypes", types.String, "Verdicts, comma separated (Phish, Malware, Spam); empty when clean.", "properties.ThreatTypes"},
		{"SenderFromAddress", types.String, "Header From address.", "properties.SenderFromAddress"},
		{"ThreatNames", types.String, "Names of the malware or threats found.", "properties.ThreatNames"},
		{"DetectionMethods", types.String, "JSON text: threat type to the list of detection technologies.", "properties.DetectionMethods"},
		{"FileSize", types.Long, "Attachment size in bytes.", "properties.FileSize"},
		{"TimeGenerated", types.DateTime, "UTC time of the event (advanced hunting Timestamp).", "properties.Timestamp"},
		{"FileExtension", types.String, "Extension with the leading dot.", "properties.FileExtension"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
